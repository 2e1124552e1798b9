internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image tag`: gives an image a further name.
struct ImageTag: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Give an image a further name.",
        discussion: helpText(
            "An image that has the name already loses it.",
            examples: ["holdfast image tag alpine localhost:5000/alpine:3", "holdfast image tag 4bcff6 app:stable"]))

    @Argument(help: "The image.")
    var image: String

    @Argument(help: "The new name.")
    var name: String

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let reference = try ImageReference(name)
        try store.open(console).tagImage(image, as: reference)
    }
}
