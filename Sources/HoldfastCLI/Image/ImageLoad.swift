internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image load`: brings the images of an archive into the store.
struct ImageLoad: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load the images of an archive, and print their names.",
        discussion: helpText(
            """
            Takes what docker save, podman save, skopeo, containerd and umoci write: docker-archive and OCI layout, as a tar, \
            compressed or not, as a directory, or from standard input. Every byte is verified against the digests in the \
            image; what is wrong in any way leaves the store as it was. Loading again changes nothing.
            """,
            examples: [
                "holdfast image load -i alpine.tar",
                "docker save alpine | holdfast image load",
                "skopeo copy docker://alpine oci-archive:alpine.oci && holdfast image load -i alpine.oci",
                "holdfast image load -i layout/ --platform linux/arm64",
            ]))

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The archive or directory; standard input without it.", valueName: "file"),
        completion: .file())
    var input = "-"

    @Option(help: ArgumentHelp("Which of several images: OS/ARCH[/VARIANT].", valueName: "platform"))
    var platform: String?

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the images are on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let platform = try platform.map { text throws(StorageError) in try Platform(text) }
        if input == "-" && Terminal.standardInputIsOne {
            throw StorageError(
                .invalidInput, object: "-", "no archive is read from a terminal",
                hint: "name a file with -i, or pipe an archive in")
        }
        let images = try store.open(console).loadImages(
            from: ImageInput(input), platform: platform, isDurable: !noSync, checkpoint: console.checkpoint)
        for image in images { ImageRow.mention(image, console) }
        if output.json { return try console.print(.array(images.map(ImageRow.json))) }
        for image in images { try console.print(ImageRow.lines(image)) }
    }
}
