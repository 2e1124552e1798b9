package import FileTree
internal import StorageModel

/// A hidden directory beside a target, on the same file system, in which its new content is built.
///
/// It is locked as long as the process lives. One that nobody has locked is a dead process's, or was made this instant: to
/// lose an empty directory costs its maker only another one.
package final class SiblingStaging: Sendable {
    package static let content = Array("content".utf8)
    private static let prefix = Array(".holdfast-".utf8)
    private static let suffix = Array(".restore".utf8)

    package let directory: Descriptor
    private let parent: Descriptor
    private let name: [UInt8]
    private let lease: Lease

    package init(in parent: borrowing Descriptor) throws(FileError) {
        self.parent = try parent.duplicate()
        try Self.sweep(parent)
        for _ in 0..<100 {
            let name = Self.prefix + RandomName.make() + Self.suffix
            try parent.makeDirectory(name, mode: 0o700)
            do throws(FileError) {
                guard let locked = try Self.lock(name, in: parent) else { continue }
                directory = try locked.descriptor.reopenDirectory()
                try directory.makeDirectory(Self.content, mode: 0o700)
                self.name = name
                lease = locked
                return
            } catch {
                // The first failure is the one to tell; an unlocked directory is swept.
                try? TreeRemoval.remove(name, in: parent)
                throw error
            }
        }
        throw FileError("flock", errno: .busy)
    }

    /// Removes everything that was not published, the old content after an exchange included.
    package func discard() {
        try? Subvolume.removeArea(name, in: parent)  // a failure leaves it to the sweep of the next restore
    }

    /// - Returns: `nil` if another process has it locked, or has removed it.
    private static func lock(_ name: [UInt8], in parent: borrowing Descriptor) throws(FileError) -> Lease? {
        do throws(FileError) {
            guard let lease = try Lease.take(try parent.openDirectory(name), .exclusive) else { return nil }
            guard try parent.status(of: name).identity == lease.descriptor.status().identity else { return nil }
            return lease
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    private static func sweep(_ parent: borrowing Descriptor) throws(FileError) {
        for entry in try parent.entries() {
            guard entry.name.starts(with: prefix), entry.name.reversed().starts(with: suffix.reversed()) else {
                continue
            }
            do throws(FileError) {
                guard let lease = try lock(entry.name, in: parent) else { continue }
                try Subvolume.removeArea(entry.name, in: parent)
                lease.release()
            } catch {
                // Another user's, or no directory: neither is this one's concern.
                guard error.errno == .accessDenied || error.errno == .notPermitted || error.errno == .notDirectory
                else { throw error }
            }
        }
    }
}
