internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast compose up`: makes the volumes and directories of a compose file.
struct ComposeUp: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Make the volumes of a compose file, and the directories of the host that its services mount.",
        discussion: helpText(
            """
            Every volume that the file declares is made, with Docker Compose's name and labels; external ones must be \
            there. What is there already stays as it is, and must be as the file has it. No container is started.
            """,
            examples: [
                "holdfast compose up -f compose.yaml",
                "holdfast compose up -f compose.yaml -f production.yaml -p shop",
            ]))

    @OptionGroup var compose: ComposeOptions

    @Flag(name: .customLong("no-sync"), help: "Do not wait until everything is on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let report = try store.open(console).composeUp(compose.request, isDurable: !noSync)
        try ComposeRow.print(report, console, isJSON: output.json)
    }
}
