package import FileTree
internal import Glibc
package import StorageModel

/// One side of a copy: a path, and the root that it and every link on the way are resolved in.
package struct CopyEndpoint: Sendable {
    let root: SharedDescriptor
    let path: CopyPath
    /// Of the container's user namespace, if it has one.
    let mapping: IdentityMapping?
    /// Whether what is copied there belongs to root rather than to the caller, if owners are not kept.
    let isContainer: Bool
    /// For messages: `'/etc/hosts' of container 'web'`.
    let label: String

    /// A path of the host, relative to the working directory.
    package static func host(_ path: String) throws(StorageError) -> CopyEndpoint {
        try refuseEmpty(path, "a path on this host")
        do throws(FileError) {
            let root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: "/"))
            return CopyEndpoint(
                root: root, path: CopyPath(Array(path.utf8), relativeTo: try workingDirectory()), mapping: nil,
                isContainer: false, label: "'\(path.printable(limit: 300))'")
        } catch {
            throw StorageError(error, doing: "find the working directory", object: path)
        }
    }

    /// A path in a container, relative to its root.
    ///
    /// - Parameters:
    ///   - root: the container's root, with the host's owners; writable for a target.
    ///   - mapping: of the container's user namespace.
    package static func container(
        _ name: ContainerName, root: SharedDescriptor, path: String, mapping: IdentityMapping? = nil
    ) throws(StorageError) -> CopyEndpoint {
        try refuseEmpty(path, "a path in container '\(name)'")
        return CopyEndpoint(
            root: root, path: CopyPath(Array(path.utf8)), mapping: mapping, isContainer: true,
            label: "'\(path.printable(limit: 300))' of container '\(name)'")
    }

    /// A path in a volume, relative to the root of its data. What is copied there belongs to root, as in a container.
    ///
    /// - Parameter root: the root of the volume's data; writable for a target.
    package static func volume(
        _ name: VolumeName, root: SharedDescriptor, path: String
    ) throws(StorageError) -> CopyEndpoint {
        try refuseEmpty(path, "a path in volume '\(name)'")
        return CopyEndpoint(
            root: root, path: CopyPath(Array(path.utf8)), mapping: nil, isContainer: true,
            label: "'\(path.printable(limit: 300))' of volume '\(name)'")
    }

    private static func refuseEmpty(_ path: String, _ what: String) throws(StorageError) {
        guard path.isEmpty || path.utf8.contains(0) else { return }
        throw StorageError(
            .invalidInput, object: path, "\(what) must not be empty", hint: "write . for the directory itself")
    }

    private static func workingDirectory() throws(FileError) -> [UInt8] {
        guard let text = getcwd(nil, 0) else {
            throw FileError(operation: "getcwd", path: "", errno: Errno.current)
        }
        defer { free(text) }
        return Array(String(cString: text).utf8)
    }

    func failure(_ error: FileError, _ verb: String) -> StorageError {
        let text = String(decoding: path.bytes, as: UTF8.self).printable(limit: 300)
        if error.errno == .notDirectory {
            return StorageError(
                .conflict, object: text,
                "cannot \(verb) \(label): it, or something on the way to it, is not a directory",
                errno: error.errno, causes: [error.call])
        }
        return StorageError(error, doing: "\(verb) \(label)", object: text)
    }
}
