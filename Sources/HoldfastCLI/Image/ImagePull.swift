internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image pull`: brings an image from a registry.
struct ImagePull: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Pull images from their registries, and print their names.",
        discussion: helpText(
            """
            Only layers that the store has not are downloaded. Credentials are those of docker login and podman login; mirrors \
            and registries without TLS are named in registries.json in the store or in /etc/holdfast. Plain HTTP is spoken to \
            this machine only, unless it is configured or asked for.
            """,
            examples: [
                "holdfast image pull alpine",
                "holdfast image pull localhost:5000/team/app:1.2 --platform linux/arm64",
            ]))

    @Argument(help: ArgumentHelp("The images' names.", valueName: "ref"))
    var references: [String]

    @Option(help: ArgumentHelp("Which of several images: OS/ARCH[/VARIANT].", valueName: "platform"))
    var platform: String?

    @OptionGroup var registry: RegistryCommandOptions

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the images are on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let platform = try platform.map { text throws(StorageError) in try Platform(text) }
        let wanted = try references.map { text throws(StorageError) in try ImageReference(text) }
        let store = try store.open(console)
        var pulled: [LoadedImage] = []
        for reference in wanted {
            do throws(StorageError) {
                let image = try store.pullImage(
                    reference, platform: platform, options: registry.options, isDurable: !noSync,
                    checkpoint: console.checkpoint)
                pulled.append(image)
                ImageRow.mention(image, console)
                if !output.json { try console.say(reference.description) }
            } catch {
                try console.report(error)
            }
        }
        if output.json { try console.print(.array(pulled.map(ImageRow.json))) }
    }
}

/// `holdfast image push`: brings an image to a registry.
struct ImagePush: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Push an image to the registry in its name, and print the digest by which the registry knows it.",
        discussion: helpText(
            "Layers that the registry has are not transferred; others are compressed by gzip on all cores.",
            examples: [
                "holdfast image push localhost:5000/team/app:1.2",
                "holdfast image push app:1 registry.example/team/app:1",
            ]))

    @Argument(help: "The image.")
    var image: String

    @Argument(help: "The name to push it as; the image's own without it.")
    var name: String?

    @OptionGroup var registry: RegistryCommandOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let reference = try ImageReference(name ?? image)
        let report = try store.open(console).pushImage(
            image, as: reference, options: registry.options, checkpoint: console.checkpoint)
        if output.json {
            return try console.print([
                "reference": .string(report.reference.description), "digest": .string(report.digest.description),
                "layers": .unsigned(UInt64(report.layers)), "uploadedLayers": .unsigned(UInt64(report.uploadedLayers)),
                "uploadedBytes": .unsigned(report.uploadedBytes),
            ])
        }
        try console.say(report.digest.description)
    }
}

/// How registries are spoken to.
struct RegistryCommandOptions: ParsableArguments {
    @Flag(name: .customLong("plain-http"), help: "Allow plain HTTP for registries that are not on this machine.")
    var plainHTTP = false

    var options: RegistryOptions { RegistryOptions(allowsPlainHTTP: plainHTTP) }
}
