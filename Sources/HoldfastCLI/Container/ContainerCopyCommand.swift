internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container cp`: copies between the host and a container.
struct ContainerCopyCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy files between the host and a container, as docker cp does.",
        discussion: helpText(
            """
            One side is CONTAINER:PATH, the other a path of the host or - for a tar stream. A directory is copied into an \
            existing one; with /. behind it, its content is. Paths in the container never lead out of its root.
            """,
            examples: [
                "holdfast container cp nginx.conf web:/etc/nginx/",
                "holdfast container cp web:/var/log/nginx/. logs",
                "holdfast container cp web:/etc - | tar -t",
                "tar -c site | holdfast container cp - web:/srv",
            ]))

    @Argument(help: "CONTAINER:PATH, a path of the host, or -.")
    var source: String

    @Argument(help: "CONTAINER:PATH, a path of the host, or -.")
    var target: String

    @OptionGroup var options: CopyOptions
    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let places = (CopyPlace(source), CopyPlace(target))
        try CopyOptions.refuseTerminal(ifStream: places.1 == .stream)
        let notices = try store.open(console).copy(
            from: places.0, to: places.1, followsLink: options.followLink, keepsOwners: options.archive,
            isDurable: !options.noSync, checkpoint: console.checkpoint)
        CopyOptions.tell(notices, console)
    }
}
