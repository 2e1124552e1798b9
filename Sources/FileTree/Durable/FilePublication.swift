internal import StorageModel

/// A file that is being written beside its final name: others see the whole file or none.
///
/// The bytes go to `.holdfast-<random>.partial`, which is locked as long as the process lives; whoever next begins a file in
/// the same directory removes partial files whose writer is gone. One with a journal beside it, `.holdfast-<random>.journal`,
/// may be worth something to who writes the same again (``AbandonedFile``): it is left for a week.
package final class FilePublication {
    private let directory: Descriptor
    private let partial: PartialFile
    /// How many files of writers that are gone were removed.
    package let sweptFiles: Int
    private var hasJournal = false
    /// Only the owner may read it.
    package static let privateMode: UInt16 = 0o600
    private var isFinished = false

    /// Begins a file in the directory at `path`, which must exist. Only its owner can read it.
    package init(inDirectory path: String) throws(FileError) {
        directory = try Descriptor.openDirectory(atHostPath: path)
        sweptFiles = try AbandonedFile.sweep(directory)
        partial = try Self.makePartial(in: directory)
    }

    /// Makes the partial file and locks it. A sweep by another process may come between the two; then it is made anew.
    private static func makePartial(in directory: borrowing Descriptor) throws(FileError) -> PartialFile {
        while true {
            let name = PartialName()
            let file = try directory.createFile(name.file, mode: Self.privateMode)
            do throws(FileError) {
                guard let lease = try Lease.take(file, .exclusive) else { continue }
                if try lease.descriptor.status().linkCount > 0 { return PartialFile(name: name, lease: lease) }
            } catch {
                // The first failure is the one to tell; what cannot be removed now is left to the next sweep.
                try? directory.remove(name.file)
                throw error
            }
        }
    }

    /// The file, for reading and writing.
    package func openFile() throws(FileError) -> Descriptor { try partial.lease.descriptor.duplicate() }

    /// Makes the empty file beside it that tells what of it can be used again. It goes when the file is published or given up.
    package func makeJournal() throws(FileError) -> Descriptor {
        let journal = try directory.createFile(partial.name.journal, mode: Self.privateMode)
        hasJournal = true
        return journal
    }

    /// Leaves the file, and its journal, to be found by ``AbandonedFile/find(inDirectory:)``.
    package func leave() { isFinished = true }

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
                try directory.rename(partial.name.file, to: directory, Array(name.utf8), mode: mode)
                isFinished = true
                removeJournal()
                if isDurable { try directory.sync() }
                return name
            } catch {
                guard error.errno == .exists && !isFinished else { throw error }
            }
        }
        return nil
    }

    /// Gives a file this text, at once and durably: whoever reads it meanwhile has the old one or the new one, and a failure
    /// leaves the old one.
    ///
    /// - Parameter mode: who may read it; only its owner, if nothing else is said.
    package static func replace(
        _ name: String, inDirectory path: String, with text: String, mode: UInt16 = privateMode
    ) throws(FileError) {
        let publication = try FilePublication(inDirectory: path)
        let file = try publication.openFile()
        try file.writeAll(Array(text.utf8), at: 0)
        if mode != privateMode { try file.setMode(mode) }
        _ = try publication.publish(CollectionOfOne(name), replaces: true, isDurable: true)
    }

    /// A failure leaves it to the next sweep: a journal without its file is nobody's.
    private func removeJournal() {
        if hasJournal { try? directory.remove(partial.name.journal) }
        hasJournal = false
    }

    /// Removes the partial file, unless it was published or left.
    deinit {
        if isFinished { return }
        removeJournal()
        try? directory.remove(partial.name.file)  // a failure leaves it to the next sweep
    }
}

/// A file that is being written, and the lock that says so.
private struct PartialFile: ~Copyable {
    let name: PartialName
    let lease: Lease
}

/// What a file is called while it is written, and the journal beside it.
struct PartialName {
    private static let prefix = Array(".holdfast-".utf8)
    private static let fileSuffix = Array(".partial".utf8)
    private static let journalSuffix = Array(".journal".utf8)

    private let stem: [UInt8]

    var file: [UInt8] { Self.prefix + stem + Self.fileSuffix }
    var journal: [UInt8] { Self.prefix + stem + Self.journalSuffix }

    init() { stem = RandomName.make() }

    /// Parses the name of a partial file.
    init?(file name: [UInt8]) { self.init(name, Self.fileSuffix) }

    /// Parses the name of a journal.
    init?(journal name: [UInt8]) { self.init(name, Self.journalSuffix) }

    private init?(_ name: [UInt8], _ suffix: [UInt8]) {
        guard name.count >= Self.prefix.count + suffix.count, name.starts(with: Self.prefix),
            name.suffix(suffix.count).elementsEqual(suffix)
        else { return nil }
        stem = Array(name[Self.prefix.count..<(name.count - suffix.count)])
    }
}
