internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container bundle`: writes an OCI runtime bundle.
struct ContainerBundle: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "bundle",
        abstract: "Write an OCI runtime bundle for a container, and print where its root is mounted.",
        discussion: helpText(
            "The root stays mounted for the runtime until holdfast container unmount.",
            examples: [
                "holdfast container bundle web /run/web && runc run --bundle /run/web web"
            ]))

    @Argument(help: "The container.")
    var container: String

    @Argument(help: "The bundle's directory.", completion: .directory)
    var directory: String

    @Flag(name: .shortAndLong, help: "Give the process a terminal of its own.")
    var terminal = false

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        try console.say(
            try store.open(console).writeBundle(ofContainer: container, to: directory, hasTerminal: terminal))
    }
}

/// `holdfast container run`: makes a container and runs its process.
struct ContainerRun: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Make a container on an image and run its process by crun or runc, in the foreground.",
        discussion: helpText(
            """
            Standard streams, terminal and signals are passed on; the exit status is the process's. The container has no \
            network but its own loopback.
            """,
            examples: [
                "holdfast container run --rm alpine uname -a",
                "holdfast container run --rm -u nobody --read-only debian sh",
                "holdfast container run --rm -v pg:/data:ro -v ./out:/out alpine tar -cf /out/pg.tar -C /data .",
            ]))

    @Option(help: ArgumentHelp("The container's name; made up without it.", valueName: "name"))
    var name: String?

    @OptionGroup var process: ContainerProcessOptions
    @OptionGroup var mounts: MountOptions

    @Flag(name: .customLong("rm"), help: "Remove the container when its process ends.")
    var remove = false

    @Option(
        help: ArgumentHelp("crun, runc or a path; the one that works on this host without it.", valueName: "runtime"))
    var runtime: String?

    @OptionGroup var store: StoreOptions

    @Argument(help: "The image.")
    var image: String

    @Argument(
        parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    func execute(_ console: Console) throws {
        let name = try name.map { text throws(StorageError) in try ContainerName(text) }
        let store = try store.open(console)
        let container = try store.createContainer(
            ContainerRequest(
                image: image, name: name, settings: try process.settings(command: command, isAutoRemoved: remove),
                mounts: try mounts.request()),
            checkpoint: console.checkpoint)
        try console.finish()
        let status = try store.runContainer(container.id.rawValue, runtime: runtime)
        if status != 0 { throw ExitCode(status) }
    }
}
