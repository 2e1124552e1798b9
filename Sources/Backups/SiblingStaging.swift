package import FileTree
internal import StorageModel

/// A hidden directory beside a target, on the same file system, in which its new content is built.
package final class SiblingStaging {
    package static let content = Array("content".utf8)
    private static let prefix = Array(".holdfast-".utf8)
    private static let suffix = Array(".restore".utf8)
    private static let leaseName = Array("lease".utf8)

    package let directory: Descriptor
    private let parent: Descriptor
    private let name: [UInt8]
    private let lease: Lease

    package init(in parent: borrowing Descriptor) throws(FileError) {
        self.parent = try parent.duplicate()
        try Self.sweep(parent)
        name = Self.prefix + RandomName.make() + Self.suffix
        try parent.makeDirectory(name, mode: 0o700)
        directory = try parent.openDirectory(name)
        guard let lease = try Lease.take(try directory.createFile(Self.leaseName), .exclusive) else {
            throw FileError(operation: "flock", path: "", errno: .busy)
        }
        self.lease = lease
        try directory.makeDirectory(Self.content, mode: 0o700)
    }

    /// Removes everything that was not published, the old content after an exchange included.
    package func discard() {
        try? TreeRemoval.remove(name, in: parent)  // a failure leaves it to the sweep of the next restore
    }

    private static func sweep(_ parent: borrowing Descriptor) throws(FileError) {
        for entry in try parent.entries() {
            guard entry.name.starts(with: prefix), entry.name.reversed().starts(with: suffix.reversed()) else {
                continue
            }
            do throws(FileError) {
                let directory = try parent.openDirectory(entry.name)
                let file = try directory.openFile(leaseName, for: .readingAndWriting)
                guard let lease = try Lease.take(file, .exclusive) else { continue }
                try TreeRemoval.remove(entry.name, in: parent)
                _ = consume lease
            } catch {
                // Just being made, just being removed, or another user's: the next restore looks again.
                guard error.errno == .noEntry || error.errno == .accessDenied || error.errno == .notPermitted else {
                    throw error
                }
            }
        }
    }
}
