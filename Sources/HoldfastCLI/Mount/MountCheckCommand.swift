internal import ArgumentParser
internal import StorageModel

/// `holdfast mount check`: says whether a container's user could use a mount, before anything starts.
struct MountCheckCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a container's user could use its mounts, and what would mend it.",
        discussion: helpText(
            """
            Walks every component of the source and looks at bits, access control lists, mounts and ids as the kernel does. \
            Nothing is made or changed. 0 allowed, 3 allowed with warnings, 6 denied. The mount is made by root, who passes \
            directories that the user may not; with --rootless they deny. A policy, mount-policy.json in the store or --policy, \
            is a JSON object with allowedPrefixes, deniedPrefixes and sensitive ("warn" or "deny").
            """,
            examples: [
                "holdfast mount check -v /srv/www:/www:ro --user 33:33",
                "holdfast mount check -v pg:/var/lib/postgresql/data --image postgres --user postgres",
                "holdfast mount check --mount type=bind,source=/home/u/data,destination=/data --rootless --user 1000 \\\n"
                    + "      --userns 0:1000:1,1:100000:65536 --json",
            ]))

    @OptionGroup var mounts: MountOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("NAME|UID[:GROUP|GID]. Default: the image's user, else root.", valueName: "user"))
    var user: String?

    @Option(name: .customLong("group-add"), help: ArgumentHelp("A further group. Repeatable.", valueName: "group"))
    var groups: [String] = []

    @Option(help: ArgumentHelp("The ids of a user namespace: INSIDE:OUTSIDE:COUNT[,…].", valueName: "mapping"))
    var userns: String?

    @Option(
        help: ArgumentHelp(
            "The image: names of users are looked up in it, and what lies at the destinations.", valueName: "image"))
    var image: String?

    @Flag(help: "The mount is made without root's rights.")
    var rootless = false

    @Option(
        name: .customLong("cap-drop"),
        help: ArgumentHelp(
            "Take a capability from root: DAC_OVERRIDE, ALL and so on. Repeatable.", valueName: "capability"))
    var droppedCapabilities: [String] = []

    @Option(
        name: .customLong("cap-add"),
        help: ArgumentHelp("Give root a capability: DAC_READ_SEARCH and so on. Repeatable.", valueName: "capability"))
    var addedCapabilities: [String] = []

    @Option(
        help: ArgumentHelp("A policy in place of the store's.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var policy: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        var arguments = MountCheckArguments()
        arguments.volumes = mounts.volume
        arguments.mounts = mounts.mount
        arguments.tmpfs = mounts.tmpfs
        arguments.volumesFrom = mounts.volumesFrom
        arguments.user = user
        arguments.groups = groups
        arguments.mapping = userns
        arguments.image = image
        arguments.droppedCapabilities = droppedCapabilities
        arguments.addedCapabilities = addedCapabilities
        arguments.policy = policy
        arguments.root = store.root
        arguments.isRootless = rootless
        arguments.isJSON = output.json
        try arguments.run(console)
    }
}

/// Capabilities as Docker's flags name them.
enum Capabilities {
    /// What is added counts more than what is dropped, as with Docker.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` for what is no name of a capability.
    static func inForce(added: [String], dropped: [String]) throws(StorageError) -> MountSubject.Capabilities {
        var result = MountSubject.Capabilities.containerDefault
        for name in dropped {
            let capability = try bare(name)
            if capability == "ALL" { result = [] } else { result.subtract(relevant[capability] ?? []) }
        }
        for name in added {
            let capability = try bare(name)
            result.formUnion(capability == "ALL" ? [.overrideAll, .overrideReading] : relevant[capability] ?? [])
        }
        return result
    }

    /// Those that have a say in who may use a file.
    private static let relevant: [String: MountSubject.Capabilities] = [
        "DAC_OVERRIDE": .overrideAll, "DAC_READ_SEARCH": .overrideReading,
    ]

    private static func bare(_ name: String) throws(StorageError) -> String {
        let upper = name.uppercased()
        let bare = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
        guard !bare.isEmpty, bare.utf8.allSatisfy({ (0x41...0x5a).contains($0) || $0 == 0x5f }) else {
            throw StorageError(
                .invalidInput, object: name, "'\(name.printable(limit: 60))' is not the name of a capability",
                hint: "write it as in --cap-drop DAC_OVERRIDE")
        }
        return bare
    }
}
