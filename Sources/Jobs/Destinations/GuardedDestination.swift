internal import FileTree
package import StorageModel

/// A destination that was found to be what the job means, and is held: what is not mounted is never taken for it.
///
/// The open directory keeps the file system from being unmounted. Whoever detaches it all the same (`umount --lazy`) is found out
/// by ``check()``, before the next archive is begun there.
package final class GuardedDestination: Sendable {
    package let destination: JobDestination
    private let directory: Descriptor

    /// - Throws: ``StorageError/Code/notFound`` for a directory that must be there and is not, or has no marker;
    ///   ``StorageError/Code/conflict`` for one that lies on the file system of `/` and must not. Nothing is made, except for a
    ///   destination without any condition.
    package init(_ destination: JobDestination) throws(StorageError) {
        self.destination = destination
        let path = destination.path
        do throws(FileError) {
            if !destination.isMounted && destination.marker == nil {
                try HostPath.makeDirectories(path, isDurable: true)
            }
            directory = try Descriptor.openDirectory(atHostPath: path)
        } catch {
            throw StorageError(
                error, doing: "use the destination '\(path.printable())'", object: path,
                hint: error.errno == .noEntry ? Self.hint(destination) : nil)
        }
        try Self.check(directory, destination)
    }

    /// Throws unless everything is still as it was found.
    package func check() throws(StorageError) {
        let isSame: Bool
        do throws(FileError) {
            let now = try Descriptor.openDirectory(atHostPath: destination.path)
            isSame = try now.status().identity == directory.status().identity
        } catch {
            throw StorageError(
                error, doing: "use the destination '\(destination.path.printable())' any longer",
                object: destination.path, hint: Self.hint(destination))
        }
        guard isSame else {
            throw StorageError(
                .conflict, object: destination.path,
                "the destination '\(destination.path.printable())' is another directory than at the start",
                hint: Self.hint(destination))
        }
        try Self.check(directory, destination)
    }

    /// Makes the marker, so that the job uses the destination from now on.
    ///
    /// - Returns: whether there was none.
    package static func initialize(_ destination: JobDestination) throws(StorageError) -> Bool {
        guard let marker = destination.marker else { return false }
        let path = destination.path
        let directory: Descriptor
        do throws(FileError) {
            if !destination.isMounted { try HostPath.makeDirectories(path, isDurable: true) }
            directory = try Descriptor.openDirectory(atHostPath: path)
        } catch {
            throw StorageError(
                error, doing: "mark the destination '\(path.printable())'", object: path,
                hint: error.errno == .noEntry ? "mount it first" : nil)
        }
        try checkMount(directory, destination)
        do throws(FileError) {
            do throws(FileError) {
                _ = try directory.createFile(Array(marker.utf8), mode: 0o644)
            } catch  where error.errno == .exists {
                return false
            }
            try directory.sync()
            return true
        } catch {
            throw StorageError(error, doing: "mark the destination '\(path.printable())'", object: path)
        }
    }

    private static func check(_ directory: borrowing Descriptor, _ destination: JobDestination) throws(StorageError) {
        try checkMount(directory, destination)
        guard let marker = destination.marker else { return }
        do throws(FileError) { _ = try directory.status(of: Array(marker.utf8)) } catch {
            let path = destination.path.printable()
            guard error.errno == .noEntry else {
                throw StorageError(error, doing: "look for the marker in '\(path)'", object: destination.path)
            }
            throw StorageError(
                .notFound, object: destination.path,
                "the destination '\(path)' has no file '\(marker.printable())', so it is not taken for one",
                hint: hint(destination))
        }
    }

    private static func checkMount(
        _ directory: borrowing Descriptor, _ destination: JobDestination
    ) throws(StorageError) {
        guard destination.isMounted else { return }
        let path = destination.path
        let isOnRoot: Bool
        do throws(FileError) {
            isOnRoot = try directory.status().device == Descriptor.openPlace(atHostPath: "/").status().device
        } catch {
            throw StorageError(error, doing: "examine the destination '\(path.printable())'", object: path)
        }
        guard isOnRoot else { return }
        throw StorageError(
            .conflict, object: path,
            "nothing is mounted at the destination '\(path.printable())': it lies on the file system of /",
            hint: "mount it, so that the archives do not fill the root disk")
    }

    private static func hint(_ destination: JobDestination) -> String {
        guard destination.marker != nil || destination.isMounted else { return "make the directory" }
        return "mount it; a new one is made known with 'holdfast job run … --init-destination'"
    }
}
