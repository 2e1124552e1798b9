internal import FileTree
internal import StorageModel

/// What the engine mounts on the data directory of a volume while a container uses it: the options `type`, `device` and `o`
/// of the driver `local`.
struct EngineDevice {
    let type: String
    let source: String
    /// The parts of `o`.
    let options: [String]

    /// - Returns: `nil` for a volume that is just its directory. Podman's `o` alone tells owner and quota.
    init?(_ volume: EngineVolume) {
        type = volume.options["type"] ?? ""
        let device = volume.options["device"] ?? ""
        guard !type.isEmpty || !device.isEmpty else { return nil }
        // Podman lets a type stand for the device too.
        source = device.isEmpty ? type : device
        options = (volume.options["o"] ?? "").split(separator: ",").map(String.init)
    }

    /// The directory of the host that would be bound; `nil` for anything that has a file system of its own.
    var boundPath: String? {
        type == "bind" || options.contains { $0 == "bind" || $0 == "rbind" } ? source : nil
    }

    /// Whether it is made anew with every mount.
    var isTransient: Bool { type == "tmpfs" || type == "ramfs" }

    /// Opens the directory that would be bound. Links in its path are followed, as mount(2) does.
    func open(_ path: String, _ volume: EngineVolume) throws(StorageError) -> Descriptor {
        let shown = path.printable(limit: 200)
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw StorageError(
                .system, object: volume.reference.description,
                "volume '\(volume.reference)' binds '\(shown)', which is no absolute path",
                hint: "no container can use it either; name the directory itself: dir:/absolute/path")
        }
        do throws(FileError) { return try Descriptor.openDirectory(atHostPath: path) } catch {
            throw StorageError(
                .system, object: volume.reference.description,
                "volume '\(volume.reference)' binds '\(shown)', which cannot be opened: \(error.errno)",
                errno: error.errno, hint: "no container can use it either, until the directory is there",
                causes: [error.call])
        }
    }

    /// Mounts the device for this process alone, to be read.
    func mount(_ volume: EngineVolume) throws(StorageError) -> DetachedMount {
        if isTransient {
            throw StorageError(
                .system, object: volume.reference.description,
                "volume '\(volume.reference)' is a \(type) that is not mounted: it has no data now",
                hint: "its data lives only while a container uses it; start one, then try again")
        }
        return try PrivateMount.make(
            type: type, source: source, options: options, doing: "mount the device of '\(volume.reference)'",
            object: volume.reference.description)
    }
}
