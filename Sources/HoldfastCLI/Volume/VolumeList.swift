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
            Filters: name=PART, label=KEY, label=KEY=VALUE, driver=NAME. Several names, or several drivers, are alternatives; \
            everything else must hold together.
            """,
            examples: [
                "holdfast volume ls",
                "holdfast volume ls --filter label=app=shop --size",
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
        let volumes = try store.volumes(matching: filter)
        if quiet && !output.json {
            for volume in volumes { try console.print(volume.name.rawValue + "\n") }
            return
        }
        var rows: [VolumeRow] = []
        for volume in volumes {
            let details = VolumeDetails(volume: volume, mountpoint: store.mountpoint(of: volume.name))
            rows.append(VolumeRow(details, usage: size ? try store.usage(of: volume.name) : nil))
        }
        if output.json {
            try console.print(.array(rows.map(\.json)))
        } else {
            try console.print(VolumeRow.table(rows, withSizes: size))
        }
    }
}
