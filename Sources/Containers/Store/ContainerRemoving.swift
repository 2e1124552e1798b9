package import Catalog
internal import FileTree
internal import Glibc
package import StorageModel

extension ContainerStore {
    /// Removes a container with what it changed.
    ///
    /// The row goes first, then the directory is renamed into the trash, then the tree is deleted: a crash leaves the whole
    /// container or none. Copies of its mount in other mount namespaces do not keep it.
    ///
    /// - Parameters:
    ///   - force: unmounts it first if it is mounted. A container that runs is refused all the same.
    ///   - alongside: what goes with it, in the transaction that removes its row. Called once nothing of the container is
    ///     mounted any more.
    /// - Throws: ``StorageError/Code/inUse``.
    package func remove(
        _ container: Container, force: Bool,
        alongside: () throws(StorageError) -> RemovalAlongside? = { () throws(StorageError) in nil }
    ) throws(StorageError) {
        let name = Array(container.id.rawValue.utf8)
        if try hasDirectory(name) {
            let opened = try open(container, for: .changing)
            if try isMounted(container) && !force {
                throw StorageError(
                    .inUse, object: container.name.rawValue,
                    "container '\(container.name)' is mounted at \(hostPath)/\(container.id)/merged",
                    hint: "unmount it first: holdfast container unmount \(container.name); or use --force")
            }
            try unmount(opened)
            try removeRow(of: container, alongside: try alongside())
        } else {
            try removeRow(of: container, alongside: try alongside())
        }
        try records.discard(name)
    }

    /// What a removal does in its transaction, after the container's row is gone.
    package typealias RemovalAlongside = (Transaction) throws(StorageError) -> Void

    private func removeRow(of container: Container, alongside: RemovalAlongside?) throws(StorageError) {
        let isRemoved = try catalog.transaction { transaction throws(StorageError) in
            guard try transaction.remove(container.id) else { return false }
            if let alongside { try alongside(transaction) }
            return true
        }
        if !isRemoved { throw Self.missing(container.name.rawValue) }
    }

    private func hasDirectory(_ name: [UInt8]) throws(StorageError) -> Bool {
        do throws(FileError) {
            return try records.directory.openDirectory(name).status(of: Self.upperName).kind == .directory
        } catch  where error.errno == .noEntry {
            return false
        } catch {
            throw StorageError(error, doing: "open a container", object: String(decoding: name, as: UTF8.self))
        }
    }

    /// Unmounts what is still mounted in directories without a row, so that a sweep can delete them.
    package func releaseOrphans() throws(StorageError) {
        let known = try catalog.read { transaction throws(StorageError) in try transaction.containerNames() }
        do throws(FileError) {
            for entry in try records.directory.entries()
            where !known.contains(String(decoding: entry.name, as: UTF8.self)) {
                do throws(FileError) {
                    let home = try records.directory.openDirectory(entry.name)
                    try Self.unstage(in: home)
                    try Unmounting.detachEverywhere(Self.mergedName, in: home)
                } catch  where error.errno == .noEntry || error.errno == .notDirectory {}
            }
        } catch {
            throw StorageError(error, doing: "release a container without a record", object: "")
        }
    }
}

/// Waits a moment.
func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
