internal import CLinux
internal import Glibc
package import StorageModel

/// Entries of any kind, opened as a place only (`O_PATH`, open(2)): to be looked at, to go on from, to be mounted or to be
/// mounted upon. Nothing is read, no device is opened, and no right to the entry itself is needed.
///
/// Whoever holds the descriptor has that very entry, whatever is put in its place afterwards.
extension Descriptor {
    /// Opens what the user named by a host path. Symbolic links are followed, as everywhere on the host.
    package static func openPlace(atHostPath path: String) throws(FileError) -> Descriptor {
        let result = withCText(path.utf8) { text in
            attempt { Int(openat(AT_FDCWD, text, HOLDFAST_O_PATH | O_CLOEXEC)) }
        }
        return Descriptor(try check(result, "openat", path.utf8))
    }

    /// Opens the entry at `path` beneath this directory, symbolic links followed, also in the last component: none may be
    /// absolute, and nothing leads out (`EXDEV`), whatever others rename meanwhile (`openat2(2)`, Linux 5.6).
    package borrowing func openPlace(within path: EntryPath) throws(FileError) -> Descriptor {
        let bytes = path.isRoot ? [UInt8(ascii: ".")] : path.bytes
        return try openPlace(bytes) { text in
            Int(holdfast_open_within(rawValue, text, HOLDFAST_O_PATH | O_CLOEXEC))
        }
    }

    /// Opens the entry at `path` with this directory as the root that links and `..` are resolved in; a link in the last
    /// component is opened itself.
    package borrowing func openPlace(inRoot path: some Collection<UInt8>) throws(FileError) -> Descriptor {
        try openPlace(path) { text in
            Int(holdfast_open_in_root(rawValue, text, HOLDFAST_O_PATH | O_NOFOLLOW | O_CLOEXEC))
        }
    }

    private borrowing func openPlace(
        _ path: some Collection<UInt8>, _ open: (UnsafePointer<CChar>) -> Int
    ) throws(FileError) -> Descriptor {
        let result = withCText(path) { text in
            // EAGAIN: somebody renamed something, and the kernel could not be sure about a `..`. Not for ever.
            var result = -Int(EAGAIN)
            for _ in 0..<128 where result == -Int(EAGAIN) { result = attempt { open(text) } }
            return result
        }
        return Descriptor(try check(result, "openat2", path))
    }
}
