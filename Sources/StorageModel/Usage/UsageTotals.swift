/// What a tree takes, counted as `du` counts: every inode once.
public struct UsageTotals: Hashable, Sendable {
    /// 512-byte blocks of every inode, directories and the root included.
    public var allocatedBytes: UInt64 = 0
    /// Sizes of everything but directories.
    public var apparentBytes: UInt64 = 0
    /// Inodes that are not directories.
    public var files: UInt64 = 0
    /// The root included.
    public var directories: UInt64 = 0
    /// Directories that could not be listed and entries that could not be examined: the other figures are lower bounds then.
    public var errors: UInt64 = 0

    public init() {}

    public static func + (left: UsageTotals, right: UsageTotals) -> UsageTotals {
        var sum = left
        sum += right
        return sum
    }

    public static func += (left: inout UsageTotals, right: UsageTotals) {
        left.allocatedBytes &+= right.allocatedBytes
        left.apparentBytes &+= right.apparentBytes
        left.files &+= right.files
        left.directories &+= right.directories
        left.errors &+= right.errors
    }
}
