internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container create`: makes a container on an image.
struct ContainerCreate: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a container on an image, and print its id.",
        discussion: helpText(
            "Nothing is mounted or started. The command and its arguments replace those of the image.",
            examples: [
                "holdfast container create --name web nginx",
                "holdfast container create --user 1000:1000 --read-only alpine sleep 60",
                "holdfast container create --userns 0:100000:65536 debian",
                "holdfast container create -v pg:/var/lib/postgresql/data --tmpfs /run postgres",
            ]))

    @Option(help: ArgumentHelp("The container's name; made up without it.", valueName: "name"))
    var name: String?

    @OptionGroup var process: ContainerProcessOptions
    @OptionGroup var mounts: MountOptions

    @Flag(name: .customLong("rm"), help: "Remove the container when its process ends.")
    var remove = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the container is on disk.")
    var noSync = false

    @Argument(help: "The image.")
    var image: String

    @Argument(
        parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let name = try name.map { text throws(StorageError) in try ContainerName(text) }
        let request = ContainerRequest(
            image: image, name: name, settings: try process.settings(command: command, isAutoRemoved: remove),
            mounts: try mounts.request(), isDurable: !noSync)
        let store = try store.open(console)
        let container = try store.createContainer(request, checkpoint: console.checkpoint)
        if output.json {
            return try console.print(ContainerRow.json(try store.inspectContainer(container.id.rawValue)))
        }
        try console.print(container.id.rawValue + "\n")
    }
}

/// How a container's process is started.
struct ContainerProcessOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("NAME|UID[:GROUP|GID].", valueName: "user"))
    var user = ""

    @Option(name: .customLong("group-add"), help: ArgumentHelp("A further group. Repeatable.", valueName: "group"))
    var groups: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("The working directory.", valueName: "dir"))
    var workdir = ""

    @Option(help: ArgumentHelp("The program to start in place of the image's.", valueName: "program"))
    var entrypoint: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("A variable, KEY=VALUE. Repeatable.", valueName: "env"))
    var env: [String] = []

    @Flag(name: .customLong("read-only"), help: "The root file system cannot be changed.")
    var readOnly = false

    @Option(
        help: ArgumentHelp("The ids of a user namespace: INSIDE:OUTSIDE:COUNT[,…].", valueName: "mapping"))
    var userns: String?

    func settings(command: [String], isAutoRemoved: Bool) throws(StorageError) -> ContainerSettings {
        ContainerSettings(
            user: user, groups: groups, workingDirectory: workdir,
            entrypoint: entrypoint.map { $0.isEmpty ? [] : [$0] }, command: command, environment: env,
            isReadOnly: readOnly, isAutoRemoved: isAutoRemoved,
            identityMapping: try userns.map { text throws(StorageError) in try IdentityMapping(text) })
    }
}
