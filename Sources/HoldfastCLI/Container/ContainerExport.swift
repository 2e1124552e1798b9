internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container export`: writes a container's root file system as a tar.
struct ContainerExport: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a container's root file system as a plain tar.",
        discussion: helpText(
            "Volumes are not in it. The container need not be mounted.",
            examples: [
                "holdfast container export web -o web.tar",
                "holdfast container export web | holdfast image import - web:flat",
            ]))

    @Argument(help: "The container.")
    var container: String

    @OptionGroup var destination: TarOutputOptions
    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let output = try destination.parse()
        let notices = try store.open(console).exportContainer(
            container, to: output, replaces: destination.force, isDurable: !destination.noSync,
            checkpoint: console.checkpoint)
        for notice in notices { console.mention("\(container): \(notice.path): \(notice.reason)") }
        if !notices.isEmpty { console.note(.warnings) }
    }
}
