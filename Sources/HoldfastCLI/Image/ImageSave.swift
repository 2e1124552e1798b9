internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image save`: writes images as an archive.
struct ImageSave: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "save",
        abstract: "Write images as an archive that Docker, Podman, containerd and skopeo load.",
        discussion: helpText(
            """
            The archive is a docker-archive and an OCI layout in one. Configuration and layers are bit for bit what was \
            loaded: ids and digests stay the same.
            """,
            examples: [
                "holdfast image save alpine -o alpine.tar",
                "holdfast image save web:1 web:2 | ssh host holdfast image load",
                "holdfast image save alpine | docker load",
            ]))

    @Argument(help: ArgumentHelp("The images.", valueName: "image"))
    var images: [String]

    @OptionGroup var destination: TarOutputOptions
    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let output = try destination.parse()
        try store.open(console).saveImages(
            images, to: output, replaces: destination.force, isDurable: !destination.noSync,
            checkpoint: console.checkpoint)
    }
}
