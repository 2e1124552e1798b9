internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast compose down`: removes the volumes of a compose file.
struct ComposeDown: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Remove the volumes of a compose file, with -v.",
        discussion: helpText(
            """
            Removed are volumes that the file declares and that carry the project's label. External volumes, protected ones \
            and those in use stay, and so do the host's directories; what was to go and stays exits with 3.
            """,
            examples: ["holdfast compose down -v -f compose.yaml"]))

    @OptionGroup var compose: ComposeOptions

    @Flag(name: .shortAndLong, help: "Remove the volumes; without it nothing is removed.")
    var volumes = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let report = try store.open(console).composeDown(compose.request, removesVolumes: volumes)
        try ComposeRow.print(report, console, isJSON: output.json)
    }
}
