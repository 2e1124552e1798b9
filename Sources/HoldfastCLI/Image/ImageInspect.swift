internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image inspect`: everything that is known of images, as JSON.
struct ImageInspect: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Print everything that is known of images, as JSON.",
        discussion: helpText(
            "What is missing exits with 4; the others are printed all the same.",
            examples: [
                "holdfast image inspect alpine",
                "holdfast image inspect alpine | jq '.[0].layers[].allocatedBytes'",
            ]))

    @Argument(help: ArgumentHelp("The images.", valueName: "image"))
    var images: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        var found: [JSONValue] = []
        for image in images {
            do throws(StorageError) {
                found.append(ImageRow.json(try store.inspectImage(image)))
            } catch {
                try console.report(error)
            }
        }
        try console.print(.array(found))
    }
}
