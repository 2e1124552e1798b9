package import FileTree
internal import StorageModel

/// What tells an entry on disk from one that was changed or put in its place.
struct SourceIdentity {
    let inode: UInt64
    let device: UInt64
    let changedAt: Timestamp

    init(_ status: FileStatus) { (inode, device, changedAt) = (status.inode, status.device, status.changedAt) }

    fileprivate init(_ original: OriginalEntry) {
        (inode, device, changedAt) = (original.inode, original.device, original.changedAt)
    }
}

/// What the entries of a clone are copies of. The clone is read, but whether something is unchanged is asked of the originals,
/// for a clone has new inode numbers and times of change each time.
///
/// What changed while it was cloned has no original here. It is as new as the clone, and read. Memory: 40 bytes an entry.
package struct OriginalEntries: Sendable {
    private let sorted: [OriginalEntry]

    package init(_ entries: consuming [OriginalEntry]) {
        entries.sort { $0.copyInode < $1.copyInode }
        sorted = entries
    }

    private func original(ofInode inode: UInt64) -> OriginalEntry? {
        let place = sorted.partitioningIndex { $0.copyInode >= inode }
        return place < sorted.count && sorted[place].copyInode == inode ? sorted[place] : nil
    }

    func identity(of status: FileStatus) -> SourceIdentity {
        original(ofInode: status.inode).map { SourceIdentity($0) } ?? SourceIdentity(status)
    }

    /// Puts what the original has in the place of what the copy has.
    func restore(_ entry: inout TableEntry) {
        guard let original = original(ofInode: entry.inode) else { return }
        (entry.inode, entry.device, entry.changedAt) = (original.inode, original.device, original.changedAt)
    }
}
