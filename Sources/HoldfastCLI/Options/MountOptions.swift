internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// What is mounted in a container.
struct MountOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            A volume or a path of the host: [SOURCE:]DESTINATION[:OPTIONS]. Options: ro, nocopy, z, Z, rshared and so on, \
            nosuid, nodev, noexec, U, O, idmap, nocreate. Repeatable.
            """, valueName: "spec"))
    var volume: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            The same in keys: type=volume|bind|tmpfs|image,source=…,destination=…[,readonly][,volume-subpath=…]\
            [,bind-propagation=…][,tmpfs-size=…] and so on. Repeatable.
            """, valueName: "spec"))
    var mount: [String] = []

    @Option(
        help: ArgumentHelp("Memory: DESTINATION[:size=64m,mode=1777,uid=0,…]. Repeatable.", valueName: "spec"))
    var tmpfs: [String] = []

    @Option(
        name: .customLong("volumes-from"),
        help: ArgumentHelp("The mounts of another container: CONTAINER[:ro]. Repeatable.", valueName: "container"))
    var volumesFrom: [String] = []

    /// What the flags ask for.
    func request() throws(StorageError) -> MountRequest {
        for text in volume + mount + tmpfs + volumesFrom { try RawArguments.refuseEscapes(in: text) }
        return try MountArguments.parse(volumes: volume, mounts: mount, tmpfs: tmpfs, volumesFrom: volumesFrom)
    }
}
