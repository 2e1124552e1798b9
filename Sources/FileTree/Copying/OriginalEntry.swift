package import StorageModel

/// Which entry another is the copy of, by what tells later whether the original has changed.
package struct OriginalEntry: Sendable {
    /// The copy's inode number.
    package let copyInode: UInt64
    package let inode: UInt64
    package let device: UInt64
    package let changedAt: Timestamp

    init(copyInode: UInt64, _ original: FileStatus) {
        self.copyInode = copyInode
        (inode, device, changedAt) = (original.inode, original.device, original.changedAt)
    }
}
