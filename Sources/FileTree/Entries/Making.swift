internal import CLinux
internal import Glibc
package import StorageModel

/// What `rename` does with an entry that has the new name already.
package enum RenameMode: Sendable {
    /// It is replaced, in one step.
    case replace
    /// The call fails with `EEXIST`.
    case noReplace
    /// The two change places, in one step; both must exist.
    case exchange

    var flags: UInt32 {
        switch self {
        case .replace: 0
        case .noReplace: HOLDFAST_RENAME_NOREPLACE
        case .exchange: HOLDFAST_RENAME_EXCHANGE
        }
    }
}

extension Descriptor {
    /// Makes a directory (`mkdirat(2)`); the process's umask takes away from `mode`.
    package borrowing func makeDirectory(_ name: some Collection<UInt8>, mode: UInt16 = 0o700) throws(FileError) {
        let result = withName(name) { text in
            changing("mkdirat") { Int(mkdirat(rawValue, text, mode_t(mode))) }
        }
        try check(result, "mkdirat", name)
    }

    /// Makes a symbolic link with any target, which is not looked at (`symlinkat(2)`).
    package borrowing func makeSymbolicLink(
        _ name: some Collection<UInt8>, target: some Collection<UInt8>
    ) throws(FileError) {
        let result = withName(name) { text in
            withCText(target) { target in changing("symlinkat") { Int(symlinkat(target, rawValue, text)) } }
        }
        try check(result, "symlinkat", name)
    }

    /// Makes `name` another name of `targetName` in `directory`, of a symbolic link itself if it is one (`linkat(2)`).
    package borrowing func makeHardLink(
        _ name: some Collection<UInt8>, to directory: borrowing Descriptor, _ targetName: some Collection<UInt8>
    ) throws(FileError) {
        let other = directory.rawValue
        let result = withName(name) { text in
            withName(targetName) { target in
                changing("linkat") { Int(linkat(other, target, rawValue, text, 0)) }
            }
        }
        try check(result, "linkat", name)
    }

    /// Makes a character or block device node, or a socket's name (`mknodat(2)`); devices need `CAP_MKNOD`.
    package borrowing func makeDevice(
        _ name: some Collection<UInt8>, kind: EntryKind, major: UInt32, minor: UInt32
    ) throws(FileError) {
        let type = kind == .blockDevice ? S_IFBLK : kind == .socket ? S_IFSOCK : S_IFCHR
        let result = withName(name) { text in
            changing("mknodat") { Int(holdfast_mknodat(rawValue, text, type | 0o600, major, minor)) }
        }
        try check(result, "mknodat", name)
    }

    /// Makes a named pipe (`mknodat(2)`).
    package borrowing func makeFifo(_ name: some Collection<UInt8>) throws(FileError) {
        let result = withName(name) { text in
            changing("mknodat") { Int(holdfast_mknodat(rawValue, text, S_IFIFO | 0o600, 0, 0)) }
        }
        try check(result, "mknodat", name)
    }

    /// Removes an entry that is not a directory (`unlinkat(2)`); `EISDIR` for a directory.
    package borrowing func remove(_ name: some Collection<UInt8>) throws(FileError) {
        let result = withName(name) { text in changing("unlinkat") { Int(unlinkat(rawValue, text, 0)) } }
        try check(result, "unlinkat", name)
    }

    /// Removes an empty directory (`unlinkat(2)`, `AT_REMOVEDIR`); `ENOTEMPTY` if it is not empty.
    package borrowing func removeDirectory(_ name: some Collection<UInt8>) throws(FileError) {
        let result = withName(name) { text in
            changing("unlinkat(AT_REMOVEDIR)") { Int(unlinkat(rawValue, text, AT_REMOVEDIR)) }
        }
        try check(result, "unlinkat(AT_REMOVEDIR)", name)
    }

    /// Gives the entry `name` the name `newName` in `directory`, in one step (`renameat2(2)`). Not durable before the
    /// directories are synced.
    package borrowing func rename(
        _ name: some Collection<UInt8>, to directory: borrowing Descriptor, _ newName: some Collection<UInt8>,
        mode: RenameMode
    ) throws(FileError) {
        let other = directory.rawValue
        let result = withName(name) { old in
            withName(newName) { new in
                changing("renameat2") { Int(holdfast_renameat2(rawValue, old, other, new, mode.flags)) }
            }
        }
        try check(result, "renameat2", newName)
    }
}
