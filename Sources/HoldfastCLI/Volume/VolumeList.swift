internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume ls`: lists volumes.
struct VolumeList: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List volumes.",
        discussion: helpText(
            """
            Filters: name=PART, label=KEY, label=KEY=VALUE, label!=KEY, driver=NAME, dangling=true|false (whether no container \
            refers to it), until=TIME (made before), unused=30d (no container refers to it or had it since). Several names, or \
            several drivers, are alternatives; everything else must hold together. With --engine the volumes of Docker or \
            Podman, as their own command-line clients find them (DOCKER_HOST, contexts, CONTAINERS_CONF, …).
            """,
            examples: [
                "holdfast volume ls",
                "holdfast volume ls --filter label=app=shop --size",
                "holdfast volume ls --filter dangling=true --filter unused=30d",
                "holdfast volume ls -q | xargs holdfast volume inspect",
                "holdfast volume ls --json | jq '.[].name'",
                "holdfast volume ls --engine docker --size",
            ]),
        aliases: ["list"])

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @Option(name: .shortAndLong, help: ArgumentHelp("List only what matches. Repeatable.", valueName: "filter"))
    var filter: [String] = []

    @Flag(help: "Measure how much each volume holds; takes time in proportion to the number of files.")
    var size = false

    @OptionGroup var engine: EngineOption
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let filter = try VolumeFilter(parsing: filter)
        if let engine = engine.other { return try list(engine, filter, console) }
        let store = try store.open(console)
        if quiet && !output.json {
            for volume in try store.volumes(matching: filter) { try console.print(volume.name.rawValue + "\n") }
            return
        }
        var rows: [VolumeRow] = []
        for details in try store.volumeDetails(matching: filter) {
            rows.append(VolumeRow(details, usage: size ? try measure(details.volume.name, in: store, console) : nil))
        }
        if output.json {
            try console.print(.array(rows.map(\.json)))
        } else {
            try console.print(VolumeRow.table(rows, withSizes: size))
        }
    }

    /// - Returns: `nil` if the data cannot be got at, as that of a device: the others are listed all the same.
    private func measure(_ name: VolumeName, in store: Store, _ console: Console) throws(StorageError) -> UsageTotals? {
        do throws(StorageError) {
            return try store.usage(of: name)
        } catch  where error.code != .interrupted {
            console.mention("volume '\(name)' was not measured: \(error.message)")
            console.note(.warnings)
            return nil
        }
    }

    private func list(_ engine: VolumeEngine, _ filter: VolumeFilter, _ console: Console) throws {
        let list = try EngineVolumes.list(engine, matching: filter, checkpoint: console.checkpoint)
        console.mention(unnamed: list.unnamed, of: engine)
        if quiet && !output.json {
            for volume in list.volumes { try console.print(volume.reference.name.rawValue + "\n") }
            return
        }
        let details =
            output.json
            ? try EngineVolumes.details(of: list.volumes, in: engine, checkpoint: console.checkpoint)
            : list.volumes.map { EngineVolumeDetails(volume: $0, references: []) }
        var rows: [EngineVolumeRow] = []
        for detail in details {
            var usage: UsageTotals?
            do throws(StorageError) {
                if size { usage = try EngineVolumes.usage(of: detail.volume.reference, checkpoint: console.checkpoint) }
            } catch {
                // The volume is there, only its data cannot be had, as that of a device that is not mounted.
                try console.report(error)
            }
            rows.append(EngineVolumeRow(detail, usage: usage))
        }
        if output.json {
            try console.print(.array(rows.map(\.json)))
        } else {
            try console.print(EngineVolumeRow.table(rows, withSizes: size))
        }
    }
}
