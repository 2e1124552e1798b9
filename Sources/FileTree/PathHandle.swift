internal import CLinux
internal import Glibc
internal import StorageModel

// Descriptors that stand for an entry without opening it (`O_PATH`, open(2)): of any kind, a symbolic link or a socket too,
// and with nothing but the right to pass the directory. Nothing is read, no fifo is waited for, no device wakes up.

/// What holds for a mount and the file system in it.
package struct FileSystemStatus: Sendable {
    /// `f_type` of statfs(2).
    package let type: UInt64
    /// `ST_…` of statvfs(3): what the mount or the file system forbids.
    private let flags: UInt64

    package init(type: UInt64, flags: UInt64) {
        self.type = type
        self.flags = flags
    }

    package var isReadOnly: Bool { flags & 0x1 != 0 }
    package var forbidsDevices: Bool { flags & 0x4 != 0 }
    package var forbidsExecution: Bool { flags & 0x8 != 0 }
}

extension Descriptor {
    /// A handle of the root directory of this process.
    package static func rootHandle() throws(FileError) -> Descriptor {
        let flags = HOLDFAST_O_PATH | O_DIRECTORY | O_CLOEXEC
        return Descriptor(try check(attempt { Int(openat(AT_FDCWD, "/", flags)) }, "openat", "/".utf8))
    }

    /// A handle of the entry `name`; of a symbolic link itself.
    package borrowing func handle(of name: some Collection<UInt8>) throws(FileError) -> Descriptor {
        let result = withName(name) { text in
            attempt { Int(openat(rawValue, text, HOLDFAST_O_PATH | O_NOFOLLOW | O_CLOEXEC)) }
        }
        return Descriptor(try check(result, "openat", name))
    }

    /// The target of the symbolic link that this is a handle of.
    package borrowing func linkTarget() throws(FileError) -> [UInt8] {
        var result = 0
        // No target is longer than PATH_MAX.
        let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { room, filled in
            result = room.withMemoryRebound(to: CChar.self) { characters in
                characters.baseAddress.map { start in
                    attempt { readlinkat(rawValue, "", start, characters.count) }
                } ?? 0
            }
            filled = max(0, result)
        }
        try check(result, "readlinkat")
        return target
    }

    /// The value of an extended attribute of the entry that this is a handle of. No further right is needed for those of the
    /// kernel's own (`system`, `security`).
    ///
    /// - Throws: `ENODATA` if the entry has no such attribute, `EOPNOTSUPP` if its file system has none at all.
    package borrowing func attributeValue(_ name: String) throws(FileError) -> [UInt8] {
        // `XATTR_SIZE_MAX`; most values are much shorter.
        for capacity in [1024, 65_536] {
            var result = 0
            let value = [UInt8](unsafeUninitializedCapacity: capacity) { room, filled in
                result = withCText(name.utf8) { text in
                    attempt { holdfast_get_attribute_of_handle(rawValue, text, room.baseAddress, capacity) }
                }
                filled = max(0, result)
            }
            if result == -Int(ERANGE) && capacity < 65_536 { continue }
            try check(result, "getxattr", name.utf8)
            return value
        }
        throw failure(-Int(ERANGE), "getxattr", name)
    }

    /// What holds for the mount that the entry is in (`fstatfs(2)`).
    package borrowing func fileSystemStatus() throws(FileError) -> FileSystemStatus {
        var (type, flags): (UInt64, UInt64) = (0, 0)
        try check(attempt { Int(holdfast_file_system(rawValue, &type, &flags)) }, "fstatfs")
        return FileSystemStatus(type: type, flags: flags)
    }
}

extension FileStatus {
    /// Whether nobody, root included, may change the entry (`chattr +i`).
    package var isImmutable: Bool { attributes & 0x10 != 0 }

    /// Whether the entry may only be added to (`chattr +a`).
    package var isAppendOnly: Bool { attributes & 0x20 != 0 }
}
