package import StorageModel

/// The flags by which mounts are asked for, as Docker and Podman have them. Nothing is looked up on the host.
///
/// ```swift
/// let request = try MountGrammar.request(
///     volumes: ["./site:/srv/www:ro"], mounts: ["type=volume,source=pg,destination=/data"], tmpfs: ["/run:size=16m"],
///     volumesFrom: ["db:ro"], currentDirectory: "/home/anna")
/// ```
package enum MountGrammar {
    /// What the flags of one command ask for.
    ///
    /// - Parameters:
    ///   - volumes, mounts, tmpfs, volumesFrom: the values of `-v`, `--mount`, `--tmpfs` and `--volumes-from`.
    ///   - currentDirectory: absolute; what paths that begin with `.` are relative to.
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` for the first value that is not of its form, with the place.
    package static func request(
        volumes: [String] = [], mounts: [String] = [], tmpfs: [String] = [], volumesFrom: [String] = [],
        currentDirectory: String
    ) throws(StorageError) -> MountRequest {
        var request = MountRequest()
        for text in volumes {
            let spec = try VolumeFlag.parse(text, currentDirectory: currentDirectory)
            request.mounts.append(RequestedMount(spec: spec, origin: .volumeFlag(text)))
        }
        for text in mounts {
            let spec = try MountFlag.parse(text, currentDirectory: currentDirectory)
            request.mounts.append(RequestedMount(spec: spec, origin: .mountFlag(text)))
        }
        for text in tmpfs {
            request.mounts.append(RequestedMount(spec: try TmpfsFlag.parse(text), origin: .tmpfsFlag(text)))
        }
        for text in volumesFrom { request.volumesFrom.append(try VolumesFromFlag.parse(text)) }
        return request
    }

    /// One value of `-v`, for whoever has such texts from elsewhere.
    ///
    /// - Parameter flag: what it is called in messages.
    package static func volume(
        _ text: String, currentDirectory: String, flag: String = "-v"
    ) throws(StorageError) -> MountSpec {
        try VolumeFlag.parse(text, currentDirectory: currentDirectory, flag: flag)
    }

    /// One value of `--tmpfs`.
    package static func tmpfs(_ text: String, flag: String = "--tmpfs") throws(StorageError) -> MountSpec {
        try TmpfsFlag.parse(text, flag: flag)
    }

    /// One value of `--volumes-from`.
    package static func volumesFrom(_ text: String) throws(StorageError) -> InheritedMounts {
        try VolumesFromFlag.parse(text)
    }
}
