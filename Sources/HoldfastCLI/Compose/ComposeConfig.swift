internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast compose config`: shows what a compose file comes to.
struct ComposeConfig: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show the volumes of a compose file, and what each service mounts where and why.",
        discussion: helpText(
            "Variables are replaced, names resolved, files merged. Nothing is made or changed.",
            examples: ["holdfast compose config -f compose.yaml --json"]))

    @OptionGroup var compose: ComposeOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let configuration = try store.open(console).composeConfiguration(compose.request)
        for note in configuration.notes { console.mention(note) }
        if output.json { return try console.print(ComposeRow.json(configuration)) }
        try console.print("project \(configuration.project) in \(configuration.directory.printable())\n")
        if !configuration.volumes.isEmpty {
            try console.print("\n")
            try console.print(ComposeRow.table(configuration.volumes))
        }
        for service in configuration.services where !service.plan.mounts.isEmpty {
            let image = service.image.map { " (\($0.printable(limit: 200)))" } ?? ""
            try console.print("\nservice \(service.name.printable(limit: 80))\(image)\n")
            try console.print(MountPlanRow.table(service.plan))
        }
    }
}
