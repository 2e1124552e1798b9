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
    private let partial: PartialFile
    private var isFinished = false

    private static let partialPrefix = Array(".holdfast-".utf8)
    private static let partialSuffix = Array(".partial".utf8)

    /// Begins a file in the directory at `path`, which must exist.
    init(inDirectory path: String) throws(StorageError) {
        do throws(FileError) {
            directory = try Descriptor.openDirectory(atHostPath: path)
            directoryPath = path
            try Self.sweep(directory)
            partial = try Self.makePartial(in: directory)
        } catch {
            throw StorageError(error, doing: "write an archive to '\(path.printable())'", object: path)
        }
    }

    /// Makes the partial file and locks it. A sweep by another backup may come between the two; then it is made anew.
    private static func makePartial(in directory: borrowing Descriptor) throws(FileError) -> PartialFile {
        while true {
            let name = partialPrefix + RandomName.make() + partialSuffix
            let file = try directory.createFile(name, mode: 0o600)
            guard let lease = try Lease.take(file, .exclusive) else { continue }
            if try lease.descriptor.status().linkCount > 0 { return PartialFile(name: name, lease: lease) }
        }
    }

    func makeSink(isDurable: Bool) throws(StorageError) -> FileSink {
        do throws(FileError) {
            return FileSink(
                SharedDescriptor(try partial.lease.descriptor.duplicate()), name: directoryPath,
                startsWriteback: isDurable)
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
            if isDurable { try partial.lease.descriptor.sync() }
            for name in names {
                do throws(FileError) {
                    let mode: RenameMode = replaces ? .replace : .noReplace
                    try directory.rename(partial.name, to: directory, Array(name.utf8), mode: mode)
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
        if !isFinished { try? directory.remove(partial.name) }  // a failure leaves it to the sweep of the next backup
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

/// A file that is being written, and the lock that says so.
private struct PartialFile: ~Copyable {
    let name: [UInt8]
    let lease: Lease
}

/// Writes an archive to a file or a pipe, in order.
///
/// A file is handed to the disk in stretches while the rest is still being compressed, so that the sync at the end finds
/// little left to do.
struct FileSink: ArchiveSink {
    private let descriptor: SharedDescriptor
    private let name: String
    private let startsWriteback: Bool
    private var offset: UInt64 = 0
    private var handedOver: UInt64 = 0

    private static let stretchBytes: UInt64 = 16 << 20

    /// - Parameter startsWriteback: whether it is a new file, written from its start, that will be synced.
    init(_ descriptor: SharedDescriptor, name: String, startsWriteback: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.startsWriteback = startsWriteback
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        do throws(FileError) {
            try descriptor.descriptor.writeAll(bytes, at: nil)
        } catch {
            throw StorageError(error, doing: "write an archive to '\(name.printable())'", object: name)
        }
        offset += UInt64(bytes.count)
        if startsWriteback && offset - handedOver >= Self.stretchBytes {
            descriptor.descriptor.startWriteback(handedOver..<offset)
            handedOver = offset
        }
    }
}
