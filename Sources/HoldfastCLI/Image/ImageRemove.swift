internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image rm`: removes names, and images without one.
struct ImageRemove: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove names of images; with the last name the image goes, and the layers that nothing else needs.",
        discussion: helpText(
            """
            An image that a container is made of is not removed (status 5, says by which). An id means the image with all \
            its names; several need --force.
            """,
            examples: ["holdfast image rm alpine", "holdfast image rm --force 4bcff6"]),
        aliases: ["remove"])

    @Argument(help: ArgumentHelp("The images.", valueName: "image"))
    var images: [String]

    @Flag(name: .shortAndLong, help: "Remove an image with several names by its id.")
    var force = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        var removals: [JSONValue] = []
        for image in images {
            do throws(StorageError) {
                let removal = try store.removeImage(image, force: force)
                removals.append(ImageRow.json(removal))
                if !output.json { try console.say(ImageRow.text(removal)) }
            } catch {
                try console.report(error)
            }
        }
        if output.json { try console.print(.array(removals)) }
    }
}
