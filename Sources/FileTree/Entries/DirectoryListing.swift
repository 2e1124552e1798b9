internal import CLinux
internal import Glibc
package import StorageModel

/// One name in a directory.
package struct DirectoryEntry: Hashable, Sendable {
    package let name: [UInt8]
    package let inode: UInt64
    /// What the directory says the entry is; `nil` where the file system does not keep it there.
    package let kindHint: EntryKind?
}

extension Descriptor {
    /// All names of this directory but `.` and `..`, in the file system's order (`getdents64(2)`).
    ///
    /// Begins at the start whatever was read before. Names that come or go meanwhile may be in it or not.
    package borrowing func entries() throws(FileError) -> [DirectoryEntry] {
        var result: [DirectoryEntry] = []
        try forEachRawEntry { entry in
            result.append(DirectoryEntry(name: Array(entry.nameBytes), inode: entry.inode, kindHint: entry.kindHint))
        }
        return result
    }

    /// Whether there is no name in this directory.
    package borrowing func isEmptyDirectory() throws(FileError) -> Bool {
        var isEmpty = true
        try whileRawEntries { _ in
            isEmpty = false
            return false
        }
        return isEmpty
    }

    /// Whether there is a name that `matches` wants; looks no further than the first.
    package borrowing func hasEntry(where matches: ([UInt8]) -> Bool) throws(FileError) -> Bool {
        var isFound = false
        try whileRawEntries { entry in
            isFound = matches(Array(entry.nameBytes))
            return !isFound
        }
        return isFound
    }

    /// Calls `body` with each name of this directory but `.` and `..`; nothing is allocated per entry.
    borrowing func forEachRawEntry(_ body: (RawDirectoryEntry) -> Void) throws(FileError) {
        try whileRawEntries { entry in
            body(entry)
            return true
        }
    }

    /// As ``forEachRawEntry(_:)``, until `body` returns `false`.
    private borrowing func whileRawEntries(_ body: (RawDirectoryEntry) -> Bool) throws(FileError) {
        try check(attempt { Int(lseek(rawValue, 0, SEEK_SET)) }, "lseek")
        let result = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            while true {
                let filled = attempt { holdfast_getdents64(rawValue, buffer.baseAddress, buffer.count) }
                guard filled > 0 else { return filled }
                var position = 0
                while position < filled {
                    let entry = RawDirectoryEntry(UnsafeRawBufferPointer(rebasing: buffer[position..<filled]))
                    if !entry.isSelfOrParent && !body(entry) { return 0 }
                    position += entry.lengthBytes
                }
            }
        }
        try check(result, "getdents64")
    }
}

/// A `struct linux_dirent64` in the kernel's buffer; valid only inside the closure it is given to.
struct RawDirectoryEntry {
    private let bytes: UnsafeRawBufferPointer

    /// Where the name begins: behind inode, offset, record length and type.
    private static let nameOffset = 19

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var inode: UInt64 { bytes.loadUnaligned(as: UInt64.self) }
    var lengthBytes: Int { Int(bytes.loadUnaligned(fromByteOffset: 16, as: UInt16.self)) }

    /// The name with its NUL; `nil` never, as a record is never empty.
    var name: UnsafePointer<CChar>? {
        bytes.baseAddress.map { ($0 + Self.nameOffset).assumingMemoryBound(to: CChar.self) }
    }

    var nameBytes: UnsafeRawBufferPointer {
        let room = bytes[Self.nameOffset..<lengthBytes]
        let end = room.firstIndex(of: 0) ?? room.endIndex
        return UnsafeRawBufferPointer(rebasing: room[..<end])
    }

    /// `DT_…`.
    var type: UInt8 { bytes[18] }

    var kindHint: EntryKind? {
        let type = UInt32(self.type)
        return type == UInt32(DT_UNKNOWN) ? nil : EntryKind(typeBits: type << 12)
    }

    var isSelfOrParent: Bool {
        let dot = UInt8(ascii: ".")
        guard bytes[Self.nameOffset] == dot else { return false }
        let second = bytes[Self.nameOffset + 1]
        return second == 0 || second == dot && bytes[Self.nameOffset + 2] == 0
    }
}
