package import Archive
package import FileTree
package import StorageModel

/// An archive that was opened for reading, from a file or from standard input.
package struct OpenedArchive: Sendable {
    package let descriptor: SharedDescriptor
    package let name: String
    /// Set where the archive can be read at any place and has a table of Holdfast's.
    package let file: ArchiveFile?
    /// The size of the file; 0 for a pipe.
    package let sizeBytes: UInt64

    /// Opens the archive and, where it can be read at any place, its table.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for a missing file, ``StorageError/Code/damaged`` for a damaged table.
    package static func open(_ reference: ArchiveReference) throws(StorageError) -> OpenedArchive {
        let (descriptor, status) = try openDescriptor(reference)
        let name = reference.description
        let file = status.kind == .file ? try ArchiveFile.open(descriptor, name: name) : nil
        return OpenedArchive(descriptor: descriptor, name: name, file: file, sizeBytes: status.sizeBytes)
    }

    /// Opens the archive without looking at its table, to be read as a stream from its start.
    package static func openStream(_ reference: ArchiveReference) throws(StorageError) -> OpenedArchive {
        let (descriptor, status) = try openDescriptor(reference)
        return OpenedArchive(
            descriptor: descriptor, name: reference.description, file: nil, sizeBytes: status.sizeBytes)
    }

    private static func openDescriptor(
        _ reference: ArchiveReference
    ) throws(StorageError) -> (SharedDescriptor, FileStatus) {
        do throws(FileError) {
            let descriptor: SharedDescriptor
            switch reference {
            case .file(let path): descriptor = SharedDescriptor(try Descriptor.openFile(atHostPath: path))
            case .standardInput: descriptor = SharedDescriptor(try Descriptor.standardInput())
            }
            let status = try descriptor.descriptor.status()
            if status.kind == .directory {
                throw FileError(operation: "read", path: reference.description, errno: .isDirectory)
            }
            return (descriptor, status)
        } catch {
            let name = reference.description
            throw StorageError(
                error, doing: "open archive '\(name.printable())'", object: name,
                hint: error.errno == .noEntry || error.errno == .isDirectory
                    ? "holdfast backup ls DEST lists the archives of a destination" : nil)
        }
    }

    /// The name for reports: a file's absolute path.
    package var reportedName: String { isFile ? HostPath.absolute(name) : name }

    private var isFile: Bool { name != ArchiveReference.standardInput.description }

    /// The whole tar stream, decompressed by `threads`.
    package func feed(threads: Int, checkpoint: Checkpoint) throws(StorageError) -> TarFeed {
        try TarFeed(
            descriptor, name: name, threads: threads, limits: ArchiveLimits(), interruption: checkpoint.interruption)
    }
}
