internal import Glibc
package import StorageModel

extension Descriptor {
    /// How much room the file system of the open file or directory has (`fstatvfs(3)`).
    package borrowing func fileSystemRoom() throws(FileError) -> FileSystemRoom {
        var status = statvfs()
        try check(attempt { Int(fstatvfs(rawValue, &status)) }, "fstatvfs")
        let unit = UInt64(status.f_frsize)
        let (totalBytes, freeBytes) = (UInt64(status.f_blocks) &* unit, UInt64(status.f_bfree) &* unit)
        return FileSystemRoom(
            totalBytes: totalBytes, usedBytes: totalBytes - min(freeBytes, totalBytes),
            availableBytes: UInt64(status.f_bavail) &* unit)
    }
}
