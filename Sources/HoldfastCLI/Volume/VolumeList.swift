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
            several drivers, are alternatives; everything else must hold together.
            """,
            examples: [
                "holdfast volume ls",
                "holdfast volume ls --filter label=app=shop --size",
                "holdfast volume ls --filter dangling=true --filter unused=30d",
                "holdfast volume ls -q | xargs holdfast volume inspect",
                "holdfast volume ls --json | jq '.[].name'",
            ]),
        aliases: ["list"])

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @Option(name: .shortAndLong, help: ArgumentHelp("List only what matches. Repeatable.", valueName: "filter"))
    var filter: [String] = []

    @Flag(help: "Measure how much each volume holds; takes time in proportion to the number of files.")
    var size = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let filter = try VolumeFilter(parsing: filter)
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
    private func measure(_ name: VolumeName, in store: Store, _ console: Console) throws(StorageError) -> VolumeUsage? {
        do throws(StorageError) {
            return try store.usage(of: name)
        } catch  where error.code != .interrupted {
            console.mention("volume '\(name)' was not measured: \(error.message)")
            console.note(.warnings)
            return nil
        }
    }
}
