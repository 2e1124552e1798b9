internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container diff`: prints what a container changed.
struct ContainerDiffCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Print what a container changed in its image: C, A or D and the path, as Docker does.",
        discussion: helpText(
            "C is changed, A added, D deleted. With --json a list of {kind, path}.",
            examples: ["holdfast container diff web", "holdfast container diff web --json | jq length"]))

    @Argument(help: "The container.")
    var container: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let changes = try store.open(console).changes(inContainer: container, checkpoint: console.checkpoint)
        try ChangeList.print(changes, asJSON: output.json, console)
    }
}
