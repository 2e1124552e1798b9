package import FileTree
package import StorageModel

/// Attaches prepared mounts: in a container's root, or side by side for a runtime.
package enum MountAttachment {
    /// Attaches mounts in a container's root, in their order. What is mounted at a destination already stays.
    ///
    /// - Parameter owner: the host's id of the container's root, to whom directories belong that must be made.
    /// - Throws: naming the mount; those before it are taken away again.
    package static func attach(
        _ mounts: [PreparedMount], in root: borrowing Descriptor, owner: UInt32
    ) throws(StorageError) {
        var attached: [PreparedMount] = []
        do throws(StorageError) {
            for mount in mounts {
                let point = try Mountpoint.make(
                    mount.spec.destination, in: root, isDirectory: mount.isDirectory, owner: owner,
                    for: mount.spec.sourceWords)
                if point.isTaken { continue }
                do throws(FileError) {
                    attached.append(mount)
                    try mount.attach(onto: point.place, isFinal: true)
                } catch {
                    throw mount.spec.failure(error)
                }
            }
        } catch {
            // The first failure is the one to tell. One that was not attached cannot be detached.
            for mount in attached.reversed() { try? mount.detach() }
            throw error
        }
    }

    /// Attaches mounts side by side in the directory `name`, each under its number, so that a runtime finds them by path.
    ///
    /// The directory itself is in memory, and nothing that is attached in it spreads: whoever takes away what is mounted at
    /// `name` (``FileTree/Unmounting/detachEverywhere(_:in:)``) takes away all, and nothing is left.
    ///
    /// - Parameters:
    ///   - directory: `name` is made in it if it is missing; what is mounted there is taken away first.
    ///   - mode: of the directory in memory: 0711 lets everybody pass.
    package static func stage(
        _ mounts: [(number: Int, mount: PreparedMount)], at name: [UInt8], in directory: borrowing Descriptor,
        doing: String, object: String
    ) throws(StorageError) {
        do throws(FileError) {
            do throws(FileError) {
                try directory.makeDirectory(name, mode: 0o711)
            } catch  where error.errno == .exists {
                try Unmounting.detach(name, in: directory)
            }
        } catch {
            throw StorageError(error, doing: doing, object: object)
        }
        let memory = try MemoryMount.make(
            ["mode=711", "size=1m"], restrictions: [.noSetID, .noDevices, .noExecution], doing: doing, object: object)
        do throws(FileError) {
            try memory.attach(onto: try directory.openDirectory(name), .private)
        } catch {
            throw StorageError(error, doing: doing, object: object)
        }
        do throws(StorageError) {
            try fill(name, in: directory, mounts)
            do throws(FileError) {
                _ = try directory.openDirectory(name).createFile(completeName)
            } catch {
                throw StorageError(error, doing: doing, object: object)
            }
        } catch {
            // The first failure is the one to tell; what is left is taken away with the container, or at the next start.
            _ = try? Unmounting.detach(name, in: directory)
            throw error
        }
    }

    /// Marks a directory in which everything is attached.
    private static let completeName = Array(".complete".utf8)

    /// Whether everything was attached in the directory before its maker ended.
    package static func isComplete(_ stage: borrowing Descriptor) throws(FileError) -> Bool {
        do throws(FileError) {
            return try stage.status(of: completeName).kind == .file
        } catch  where error.errno == .noEntry {
            return false
        }
    }

    private static func fill(
        _ name: [UInt8], in directory: borrowing Descriptor, _ mounts: [(number: Int, mount: PreparedMount)]
    ) throws(StorageError) {
        for (number, mount) in mounts {
            do throws(FileError) {
                let stage = try directory.openDirectory(name)
                let entry = Array(String(number).utf8)
                if mount.isDirectory {
                    try stage.makeDirectory(entry, mode: 0o755)
                } else {
                    _ = try stage.createFile(entry, mode: 0o600)
                }
                try mount.attach(onto: try stage.openPlace(inRoot: entry), isFinal: false)
            } catch {
                throw mount.spec.failure(error)
            }
        }
    }
}
