internal import CLinux

/// What a tree takes, counted as `du` counts.
package struct TreeUsage: Hashable, Sendable {
    /// 512-byte blocks of every inode once, directories and the root included.
    package var allocatedBytes: UInt64 = 0
    /// Sizes of everything but directories, every inode once.
    package var apparentBytes: UInt64 = 0
    /// Inodes that are not directories, once.
    package var files: UInt64 = 0
    /// The root included.
    package var directories: UInt64 = 0
    /// Directories that could not be listed and entries that could not be examined.
    package var errors: UInt64 = 0

    package init() {}

    mutating func addDirectory(_ raw: holdfast_status) {
        allocatedBytes &+= raw.blocks &* 512
        directories += 1
    }

    mutating func addFile(_ raw: holdfast_status) {
        allocatedBytes &+= raw.blocks &* 512
        apparentBytes &+= raw.size
        files += 1
    }

    package static func + (left: TreeUsage, right: TreeUsage) -> TreeUsage {
        var sum = left
        sum.allocatedBytes &+= right.allocatedBytes
        sum.apparentBytes &+= right.apparentBytes
        sum.files += right.files
        sum.directories += right.directories
        sum.errors += right.errors
        return sum
    }
}
