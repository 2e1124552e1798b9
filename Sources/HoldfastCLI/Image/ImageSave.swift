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

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file; standard output without it.", valueName: "file"),
        completion: .file())
    var output = "-"

    @Flag(name: .shortAndLong, help: "Replace an existing file.")
    var force = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the archive is on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        if output == "-" && Terminal.standardOutputIsOne {
            throw StorageError(
                .invalidInput, object: "-", "an archive is not written to a terminal",
                hint: "name a file with -o, or redirect standard output")
        }
        try store.open(console).saveImages(
            images, to: ImageOutput(output), replaces: force, isDurable: !noSync, checkpoint: console.checkpoint)
    }
}
