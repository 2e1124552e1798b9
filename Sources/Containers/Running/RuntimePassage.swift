package import FileTree
package import StorageModel

/// A directory `/run/holdfast-<id>` that everybody may pass, in which the root of a container with a user namespace is mounted
/// while it runs, and beside it the sources of its mounts.
///
/// A runtime in a user namespace is nobody on the host and may not enter the store. What is set-id in the container belongs
/// to ids that are nobody's on the host.
package final class RuntimePassage: Sendable {
    private static let place = "/run"
    private static let rootName = Array("root".utf8)

    private let container: Container
    /// The passage itself.
    package let directory: Descriptor

    /// Makes the passage, in place of one that a crash left.
    package init(_ container: Container) throws(StorageError) {
        self.container = container
        let name = Self.name(container.id)
        do throws(FileError) {
            let above = try Descriptor.openDirectory(atHostPath: Self.place)
            try Self.remove(name, in: above)
            try above.makeDirectory(name, mode: 0o711)
            directory = try above.openDirectory(name)
            try directory.setMode(0o711)
            try directory.makeDirectory(Self.rootName, mode: 0o755)
        } catch {
            throw Self.failure(error, container)
        }
    }

    package var path: String { "\(Self.place)/\(String(decoding: Self.name(container.id), as: UTF8.self))" }

    /// Mounts the container's root in the passage.
    ///
    /// - Returns: its path, and a descriptor of it.
    package func attach(_ mount: consuming DetachedMount) throws(StorageError) -> (path: String, SharedDescriptor) {
        do throws(FileError) {
            try mount.attach(to: directory, Self.rootName)
            return ("\(path)/root", SharedDescriptor(try directory.openDirectory(Self.rootName)))
        } catch {
            throw Self.failure(error, container)
        }
    }

    package func close() throws(StorageError) {
        do throws(FileError) { try Self.remove(container.id) } catch { throw Self.failure(error, container) }
    }

    /// Whether there is a passage of the container, in use or left by a crash.
    static func exists(_ id: ContainerID) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try Descriptor.openDirectory(atHostPath: place).status(of: name(id))
            return true
        } catch  where error.errno == .noEntry {
            return false
        }
    }

    /// Removes the container's passage, if there is one, with what is mounted in it.
    static func remove(_ id: ContainerID) throws(FileError) {
        try remove(name(id), in: try Descriptor.openDirectory(atHostPath: place))
    }

    private static func remove(_ name: [UInt8], in above: borrowing Descriptor) throws(FileError) {
        for mounted in [ContainerStore.mountsName, rootName] {
            do throws(FileError) {
                try Unmounting.detach(mounted, in: try above.openDirectory(name))
            } catch  where error.errno == .noEntry {}
        }
        try TreeRemoval.remove(name, in: above)
    }

    private static func name(_ id: ContainerID) -> [UInt8] { Array("holdfast-\(id.short)".utf8) }

    private static func failure(_ error: FileError, _ container: Container) -> StorageError {
        StorageError(error, doing: "run container '\(container.name)'", object: container.name.rawValue)
    }
}
