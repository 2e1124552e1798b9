internal import FileTree
internal import Glibc
internal import StorageModel

/// The directory of an engine's volume on this host: `…/volumes/<name>`, with the data in `_data`.
///
/// Both engines lay out the volumes of their driver `local` like that. The path comes from the engine and is believed only
/// in this form; the last two components are opened without following links.
final class EngineVolumePlace: Sendable {
    let home: Descriptor
    /// Of `home`, absolute, without symbolic links.
    let homePath: String

    static let dataName = Array("_data".utf8)

    /// - Throws: ``StorageError/Code/system`` for a mountpoint that cannot be the volume's; ``StorageError/Code/damaged`` if
    ///   there is nothing.
    init(of volume: EngineVolume) throws(StorageError) {
        let name = volume.reference.name.rawValue
        let components = volume.mountpoint.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard components.count >= 4, components[0].isEmpty, components.suffix(2) == [name, "_data"],
            components.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }),
            !volume.mountpoint.utf8.contains(0)
        else {
            throw StorageError(
                .system, object: volume.reference.description,
                "\(volume.reference.engine.title) says that the data of '\(volume.reference)' is at "
                    + "'\(volume.mountpoint.printable(limit: 200))', which cannot be",
                hint: "the data of a volume of driver 'local' is at …/\(name)/_data: look at "
                    + "\(volume.reference.engine.rawValue) volume inspect \(name)")
        }
        let above = components.dropLast(2).joined(separator: "/")
        do throws(FileError) {
            home = try Descriptor.openDirectory(atHostPath: above).openDirectory(Array(name.utf8))
        } catch {
            throw Self.failure(error, volume)
        }
        homePath = HostPath.join(HostPath.absolute(above), name)
    }

    /// Opens what containers get to see: the data, or what is mounted on it.
    func openData(_ volume: EngineVolume) throws(StorageError) -> Descriptor {
        do throws(FileError) { return try home.openDirectory(Self.dataName) } catch {
            throw Self.failure(error, volume)
        }
    }

    /// Whether something is mounted on the data directory in this mount namespace.
    func isMounted(_ volume: EngineVolume) throws(StorageError) -> Bool {
        do throws(FileError) { return try home.status(of: Self.dataName).isMountRoot } catch {
            throw Self.failure(error, volume)
        }
    }

    static func failure(_ error: FileError, _ volume: EngineVolume) -> StorageError {
        let (reference, engine) = (volume.reference, volume.reference.engine)
        let path = volume.mountpoint.printable(limit: 200)
        switch error.errno {
        case .noEntry, .notDirectory, .tooManyLevels:
            return StorageError(
                .damaged, object: reference.description,
                "the data of '\(reference)' is not at '\(path)', where \(engine.title) says that it is",
                errno: error.errno,
                hint: "is \(engine.title)'s data in another mount namespace, or the volume's directory gone or a link?",
                causes: [error.description])
        case .accessDenied, .notPermitted:
            return StorageError(
                error, doing: "open the data of '\(reference)'", object: reference.description,
                hint: engine == .podman
                    ? "run it as podman's user sees its files: podman unshare holdfast …" : "run as root")
        default: return StorageError(error, doing: "open the data of '\(reference)'", object: reference.description)
        }
    }
}
