internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image import`: makes an image of a root file system.
struct ImageImport: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make an image of one layer from the tar of a root file system, and print its id.",
        discussion: helpText(
            "The tar may be compressed by gzip, bzip2, xz, lz4 or zstd. - is standard input.",
            examples: [
                "holdfast image import rootfs.tar.xz debian:mine --change 'CMD [\"/bin/bash\"]'",
                "docker export web | holdfast image import - web:flat",
            ]))

    @Argument(help: "The tar, or -.", completion: .file())
    var file: String

    @Argument(help: "The image's name.")
    var name: String?

    @Option(help: ArgumentHelp("OS/ARCH[/VARIANT]; this machine's without it.", valueName: "platform"))
    var platform: String?

    @OptionGroup var new: NewImageOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let changes = try new.changes()
        let name = try name.map { text throws(StorageError) in try ImageReference(text) }
        let platform = try platform.map { text throws(StorageError) in try Platform(text) } ?? .current
        let image = try store.open(console).importImage(
            from: ImageInput(file), as: name, changes: changes, comment: new.message, platform: platform,
            isDurable: !new.noSync, checkpoint: console.checkpoint)
        ImageRow.mention(image, console)
        if output.json { return try console.print(ImageRow.json(image)) }
        try console.print(image.id.description + "\n")
    }
}
