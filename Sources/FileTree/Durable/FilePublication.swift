internal import StorageModel

/// A file that is being written beside its final name: others see the whole file or none.
///
/// The bytes go to `.holdfast-<random>.partial`, which is locked as long as the process lives; whoever next begins a file in
/// the same directory removes partial files whose writer is gone.
package final class FilePublication {
    private let directory: Descriptor
    private let partial: PartialFile
    private var isFinished = false

    private static let partialPrefix = Array(".holdfast-".utf8)
    private static let partialSuffix = Array(".partial".utf8)

    /// Begins a file in the directory at `path`, which must exist. Only its owner can read it.
    package init(inDirectory path: String) throws(FileError) {
        directory = try Descriptor.openDirectory(atHostPath: path)
        try Self.sweep(directory)
        partial = try Self.makePartial(in: directory)
    }

    /// Makes the partial file and locks it. A sweep by another process may come between the two; then it is made anew.
    private static func makePartial(in directory: borrowing Descriptor) throws(FileError) -> PartialFile {
        while true {
            let name = partialPrefix + RandomName.make() + partialSuffix
            let file = try directory.createFile(name, mode: 0o600)
            do throws(FileError) {
                guard let lease = try Lease.take(file, .exclusive) else { continue }
                if try lease.descriptor.status().linkCount > 0 { return PartialFile(name: name, lease: lease) }
            } catch {
                // The first failure is the one to tell; what cannot be removed now is left to the next sweep.
                try? directory.remove(name)
                throw error
            }
        }
    }

    /// The file, for reading and writing.
    package func openFile() throws(FileError) -> Descriptor { try partial.lease.descriptor.duplicate() }

    /// Brings the file to disk and gives it the first of `names` that is free.
    ///
    /// - Parameters:
    ///   - replaces: takes the first name even if a file has it.
    ///   - isDurable: `false` leaves out the syncs; a power cut may then lose what was acknowledged.
    /// - Returns: the name; `nil` if all are taken.
    package func publish(
        _ names: some Sequence<String>, replaces: Bool, isDurable: Bool
    ) throws(FileError) -> String? {
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
        return nil
    }

    /// Removes the partial file, unless it was published.
    deinit {
        if !isFinished { try? directory.remove(partial.name) }  // a failure leaves it to the next sweep
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
                // Another process was faster, or the file belongs to somebody else: neither is this one's concern.
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
