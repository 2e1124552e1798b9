internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image ls`: lists images.
struct ImageList: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List images.",
        discussion: helpText(
            "SIZE is what an image's layers take on disk, those that it shares with others included.",
            examples: [
                "holdfast image ls",
                "holdfast image ls -q | xargs holdfast image inspect",
                "holdfast image ls --json | jq -r '.[] | select(.names == []) | .id'",
            ]),
        aliases: ["list"])

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let images = try store.open(console).imageSummaries()
        if output.json { return try console.print(.array(images.map(ImageRow.json))) }
        guard quiet else { return try console.print(ImageRow.table(images)) }
        for image in images { try console.print(image.image.id.description + "\n") }
    }
}
