internal import Glibc
internal import StorageModel

/// What a file system has room for (`statvfs(3)`).
package struct FileSystemSpace: Hashable, Sendable {
    package let totalBytes: UInt64
    /// What is free, the part included that only root may write to.
    package let freeBytes: UInt64
    /// What is free for everybody.
    package let availableBytes: UInt64

    package init(totalBytes: UInt64, freeBytes: UInt64, availableBytes: UInt64) {
        self.totalBytes = totalBytes
        self.freeBytes = freeBytes
        self.availableBytes = availableBytes
    }

    /// What is taken, by files and by the file system itself, as `df(1)` says it.
    package var usedBytes: UInt64 { totalBytes - min(freeBytes, totalBytes) }

    /// What is free and kept for root.
    package var reservedBytes: UInt64 { freeBytes - min(availableBytes, freeBytes) }
}

extension Descriptor {
    /// What the file system of the open file or directory has room for (`fstatvfs(3)`).
    package borrowing func fileSystemSpace() throws(FileError) -> FileSystemSpace {
        var status = statvfs()
        try check(attempt { Int(fstatvfs(rawValue, &status)) }, "fstatvfs")
        let unit = UInt64(status.f_frsize)
        return FileSystemSpace(
            totalBytes: UInt64(status.f_blocks) &* unit, freeBytes: UInt64(status.f_bfree) &* unit,
            availableBytes: UInt64(status.f_bavail) &* unit)
    }
}
