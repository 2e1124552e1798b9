internal import StorageModel

/// What a user can do with a mounted source; the answers of the kernel, foreseen.
package struct SourceUse: Hashable, Sendable {
    /// Listing the directory, or reading the file.
    package let reads: Bool
    /// Passing the directory; of another entry, executing it.
    package let executes: Bool
    /// Making entries in the directory, or opening the file for writing.
    package let writes: Bool
    /// Opening the file for both at once.
    package let readsAndWrites: Bool
    /// Opening the file for adding at its end.
    package let appends: Bool
    /// Removing its own entries from the directory.
    package let removes: Bool

    package init(of source: MountedSource, by subject: AccessSubject) {
        let inode = source.inode
        reads = source.permits(.read, subject)
        executes = source.permits(.execute, subject)
        if inode.kind == .directory {
            writes = source.permits([.write, .execute], subject) && source.hasPlace(for: subject)
            removes = writes && !inode.isAppendOnly
            (readsAndWrites, appends) = (reads && writes, writes)
        } else {
            appends = source.permits(.write, subject)
            writes = appends && !inode.isAppendOnly
            readsAndWrites = source.permits([.read, .write], subject) && !inode.isAppendOnly
            removes = false
        }
    }
}
