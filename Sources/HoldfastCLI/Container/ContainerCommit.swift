internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container commit`: makes an image of a container.
struct ContainerCommit: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Make an image of what a container is now, and print its id.",
        discussion: helpText(
            "The container's changes become a layer on those of its image; volumes are not in it.",
            examples: [
                "holdfast container commit web web:patched",
                "holdfast container commit --change 'ENV DEBUG=1' --message 'with debugging' web web:debug",
            ]))

    @Argument(help: "The container.")
    var container: String

    @Argument(help: "The image's name.")
    var name: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("Who made the image.", valueName: "name"))
    var author = ""

    @OptionGroup var new: NewImageOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let changes = try new.changes()
        let name = try name.map { text throws(StorageError) in try ImageReference(text) }
        let image = try store.open(console).commitContainer(
            container, as: name, changes: changes, author: author, comment: new.message, isDurable: !new.noSync,
            checkpoint: console.checkpoint)
        ImageRow.mention(image, console)
        if output.json { return try console.print(ImageRow.json(image)) }
        try console.print(image.id.description + "\n")
    }
}
