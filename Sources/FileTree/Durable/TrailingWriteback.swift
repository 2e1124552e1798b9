/// Brings a file that is written from front to back to disk while it is written, and lets the kernel forget what is there:
/// the sync at the end finds little left to do, and a large file does not push out of the page cache what others use.
///
/// The memory of a few stretches is used again and again. On virtual machines this is most of the time of a copy, as memory
/// that was not in use for a while must be had from the host first. Measured for 0.76 GB on ext4, copied and synced: 0.5 s
/// where it took 1.7 s; with an original that was not cached, and forgotten too, 1.1 s where it took 2.4 s.
///
/// A hint only: what cannot be written is seen by the sync at the end, from which neither call takes an error away.
package struct TrailingWriteback: Sendable {
    /// Up to here the kernel was asked to write.
    private var begun: UInt64 = 0

    private static let stretchBytes: UInt64 = 8 << 20
    /// What is probably on the way to the disk.
    private static let windowBytes: UInt64 = 32 << 20

    package init() {}

    /// Call when everything before `offset` was written and will not be written again.
    package mutating func note(_ offset: UInt64, of file: borrowing Descriptor) {
        guard offset >= begun + Self.stretchBytes else { return }
        file.startWriteback(begun..<offset)
        begun = offset
        // From the start each time: what was not on disk the last time stayed.
        if begun > Self.windowBytes { file.forgetCached(0..<(begun - Self.windowBytes)) }
    }
}
