internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container export`: writes a container's root file system as a tar.
struct ContainerExport: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a container's root file system as a plain tar to standard output.",
        discussion: helpText(
            "Volumes are not in it. The container need not be mounted.",
            examples: [
                "holdfast container export web > web.tar",
                "holdfast container export web | holdfast image import - web:flat",
            ]))

    @Argument(help: "The container.")
    var container: String

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        if Terminal.standardOutputIsOne {
            throw StorageError(
                .invalidInput, object: "-", "a tar is not written to a terminal",
                hint: "redirect standard output to a file or a pipe")
        }
        let notices = try store.open(console).exportContainer(container, to: 1, checkpoint: console.checkpoint)
        for notice in notices { console.mention("\(container): \(notice.path): \(notice.reason)") }
        if !notices.isEmpty { console.note(.warnings) }
    }
}
