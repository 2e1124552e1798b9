package import StorageModel

/// A file of a ``FilePublication`` whose writer is gone, with the journal that tells what of it can be used.
///
/// It is locked as long as this value lives, so that nobody removes it or uses it too.
package final class AbandonedFile: Sendable {
    /// The file's name in its directory.
    package let name: [UInt8]
    private let journalName: [UInt8]
    private let directory: Descriptor
    private let lease: Lease

    /// After so long, nobody comes back to what an interrupted run left.
    private static let keptSeconds: Int64 = 7 * 24 * 3600

    private init(_ name: PartialName, _ directory: consuming Descriptor, _ lease: consuming Lease) {
        (self.name, journalName) = (name.file, name.journal)
        self.directory = directory
        self.lease = lease
    }

    /// The files that were left in the directory at `path`, each with a journal. Those that somebody writes or uses are not
    /// among them.
    package static func find(inDirectory path: String) throws(FileError) -> [AbandonedFile] {
        let directory = try Descriptor.openDirectory(atHostPath: path)
        let names = Set(try directory.entries().map(\.name))
        var found: [AbandonedFile] = []
        for name in names {
            guard let name = PartialName(file: name), names.contains(name.journal) else { continue }
            if let file = try claim(name, in: directory) { found.append(file) }
        }
        return found
    }

    /// - Returns: `nil` if it is not this one's to use.
    private static func claim(
        _ name: PartialName, in directory: borrowing Descriptor
    ) throws(FileError) -> AbandonedFile? {
        do throws(FileError) {
            guard let lease = try take(name, in: directory) else { return nil }
            guard try lease.descriptor.status().linkCount > 0 else { return nil }
            return AbandonedFile(name, try directory.duplicate(), lease)
        } catch  where isOfOthers(error) {
            return nil
        }
    }

    /// The file, for reading.
    package func openFile() throws(FileError) -> Descriptor { try lease.descriptor.duplicate() }

    /// What the journal holds, at most `limitBytes` of it.
    package func journal(limitBytes: Int) throws(FileError) -> [UInt8] {
        try directory.openFile(journalName, for: .reading).readToEnd(limitBytes: limitBytes)
    }

    /// Removes the file and its journal. What cannot be removed is left to the next sweep.
    package func discard() {
        try? directory.remove(name)
        try? directory.remove(journalName)
    }

    /// Removes what dead writers left in a directory: files without a journal, those that are older than a week, and journals
    /// without a file.
    ///
    /// - Returns: how many files were removed.
    package static func sweep(_ directory: borrowing Descriptor) throws(FileError) -> Int {
        var removed = 0
        let names = Set(try directory.entries().map(\.name))
        for entry in names {
            do throws(FileError) {
                if let name = PartialName(file: entry) {
                    if try sweep(name, hasJournal: names.contains(name.journal), directory) { removed += 1 }
                } else if let name = PartialName(journal: entry), !names.contains(name.file) {
                    try removeOrphan(name, directory)
                }
            } catch  where isOfOthers(error) {
                continue
            }
        }
        return removed
    }

    /// - Returns: whether it was removed.
    private static func sweep(
        _ name: PartialName, hasJournal: Bool, _ directory: borrowing Descriptor
    ) throws(FileError) -> Bool {
        guard let lease = try take(name, in: directory) else { return false }
        let age = Timestamp.now.seconds - (try lease.descriptor.status().modifiedAt.seconds)
        if hasJournal && age < keptSeconds { return false }
        try directory.remove(name.file)
        if hasJournal { try directory.remove(name.journal) }
        lease.release()
        return true
    }

    /// The file may have been made, with its journal, after the directory was listed.
    private static func removeOrphan(_ name: PartialName, _ directory: borrowing Descriptor) throws(FileError) {
        do throws(FileError) {
            _ = try directory.status(of: name.file)
        } catch  where error.errno == .noEntry {
            try directory.remove(name.journal)
        }
    }

    private static func take(_ name: PartialName, in directory: borrowing Descriptor) throws(FileError) -> Lease? {
        try Lease.take(try directory.openFile(name.file, for: .readingAndWriting), .exclusive)
    }

    /// Another process was faster, or the file belongs to somebody else: neither is this one's concern.
    private static func isOfOthers(_ error: FileError) -> Bool {
        error.errno == .noEntry || error.errno == .accessDenied || error.errno == .notPermitted
    }
}
