internal import FileTree
internal import Mounts
public import StorageModel

/// The flags by which users ask for mounts, in the words of Docker and Podman.
///
/// ```swift
/// let request = try MountArguments.parse(volumes: ["pg:/data"], tmpfs: ["/run:size=16m"])
/// let container = try store.createContainer(ContainerRequest(image: "postgres", mounts: request))
/// ```
public enum MountArguments {
    /// What the values of the flags ask for. Nothing is looked up or made.
    ///
    /// Paths of the host that begin with `.` are relative to the current directory of the process.
    ///
    /// - Parameters:
    ///   - volumes: the values of `-v`: `[SOURCE:]DESTINATION[:OPTIONS]`.
    ///   - mounts: the values of `--mount`: `type=…,source=…,destination=…`.
    ///   - tmpfs: the values of `--tmpfs`: `DESTINATION[:OPTIONS]`.
    ///   - volumesFrom: the values of `--volumes-from`: `CONTAINER[:ro]`.
    /// - Throws: ``StorageError/Code/invalidInput`` for the first value that is not of its form;
    ///   ``StorageError/excerpt`` says where.
    public static func parse(
        volumes: [String] = [], mounts: [String] = [], tmpfs: [String] = [], volumesFrom: [String] = []
    ) throws(StorageError) -> MountRequest {
        try MountGrammar.request(
            volumes: volumes, mounts: mounts, tmpfs: tmpfs, volumesFrom: volumesFrom,
            currentDirectory: HostPath.absolute("."))
    }
}
