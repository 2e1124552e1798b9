internal import Archive
internal import FileTree
internal import StorageModel

/// An archive that is being written beside its final name: others see the whole archive or none.
///
/// The bytes go to `.<name>.partial`, which is locked as long as the process lives; a later backup to the same directory
/// removes partial files whose writer is gone.
final class ArchivePublication {
    private let directory: Descriptor
    private let directoryPath: String
    private let temporaryName: [UInt8]
    private let lease: Lease
    private var isFinished = false

    private static let partialPrefix = Array(".holdfast-".utf8)
    private static let partialSuffix = Array(".partial".utf8)

    /// Begins a file in the directory at `path`, which must exist.
    init(inDirectory path: String) throws(StorageError) {
        do throws(FileError) {
            directory = try Descriptor.openDirectory(atHostPath: path)
            directoryPath = path
            try Self.sweep(directory)
            temporaryName = Self.partialPrefix + RandomName.make() + Self.partialSuffix
            let file = try directory.createFile(temporaryName, mode: 0o600)
            guard let lease = try Lease.take(file, .exclusive) else {
                throw FileError(operation: "flock", path: "", errno: .busy)
            }
            self.lease = lease
        } catch {
            throw StorageError(error, doing: "write an archive to '\(path.printable())'", object: path)
        }
    }

    func makeSink() throws(StorageError) -> FileSink {
        do throws(FileError) {
            return FileSink(SharedDescriptor(try lease.descriptor.duplicate()), name: directoryPath)
        } catch {
            throw StorageError(
                error, doing: "write an archive to '\(directoryPath.printable())'", object: directoryPath)
        }
    }

    /// Brings the file to disk and gives it the first of `names` that is free.
    ///
    /// - Parameter replaces: takes the first name even if a file has it.
    /// - Returns: the name.
    func publish(_ names: some Sequence<String>, replaces: Bool, isDurable: Bool) throws(StorageError) -> String {
        do throws(FileError) {
            if isDurable { try lease.descriptor.sync() }
            for name in names {
                do throws(FileError) {
                    let mode: RenameMode = replaces ? .replace : .noReplace
                    try directory.rename(temporaryName, to: directory, Array(name.utf8), mode: mode)
                    isFinished = true
                    if isDurable { try directory.sync() }
                    return name
                } catch {
                    guard error.errno == .exists && !isFinished else { throw error }
                }
            }
        } catch {
            throw StorageError(
                error, doing: "publish an archive in '\(directoryPath.printable())'", object: directoryPath)
        }
        throw StorageError(
            .conflict, object: directoryPath, "an archive of that name exists in '\(directoryPath.printable())'",
            hint: "choose another name, or replace it with --force")
    }

    /// Removes the partial file, unless it was published.
    deinit {
        if !isFinished { try? directory.remove(temporaryName) }  // a failure leaves it to the sweep of the next backup
    }

    private static func sweep(_ directory: borrowing Descriptor) throws(FileError) {
        for entry in try directory.entries() {
            guard entry.name.starts(with: partialPrefix), entry.name.reversed().starts(with: partialSuffix.reversed())
            else { continue }
            do throws(FileError) {
                let file = try directory.openFile(entry.name, for: .readingAndWriting)
                guard let lease = try Lease.take(file, .exclusive) else { continue }
                try directory.remove(entry.name)
                _ = consume lease
            } catch {
                // Another backup was faster, or the file belongs to somebody else: neither is this backup's concern.
                guard error.errno == .noEntry || error.errno == .accessDenied || error.errno == .notPermitted else {
                    throw error
                }
            }
        }
    }
}

/// Writes an archive to a file or a pipe, in order.
struct FileSink: ArchiveSink {
    private let descriptor: SharedDescriptor
    private let name: String

    init(_ descriptor: SharedDescriptor, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        do throws(FileError) {
            try descriptor.descriptor.writeAll(bytes, at: nil)
        } catch {
            throw StorageError(error, doing: "write an archive to '\(name.printable())'", object: name)
        }
    }
}
