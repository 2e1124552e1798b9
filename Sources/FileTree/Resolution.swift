internal import CLinux
internal import Glibc
package import StorageModel

/// How a path of several components is followed beneath a directory.
package enum PathResolution: Sendable {
    /// By one `openat2(2)`, or component by component where the kernel or a seccomp filter refuses it.
    case byKernel
    /// Component by component, each opened with `O_NOFOLLOW`.
    case byComponents
}

extension Descriptor {
    /// Opens the directory at `path` beneath this one. No symbolic link is followed anywhere in it (`ELOOP` or
    /// `ENOTDIR`), and nothing leads out, whatever others rename meanwhile.
    ///
    /// Cost grows with the number of components; a path longer than `PATH_MAX` is opened in pieces.
    package borrowing func openDirectory(
        beneath path: EntryPath, resolution: PathResolution = .byKernel
    ) throws(FileError) -> Descriptor {
        if path.isRoot { return try reopenDirectory() }
        switch resolution {
        case .byComponents: return try openByComponents(path.bytes[...])
        case .byKernel where path.bytes.count < Self.pieceLimitBytes: return try openPiece(path.bytes[...])
        case .byKernel: return try openInPieces(path.bytes[...])
        }
    }

    /// The longest path that one system call takes, with its NUL (`PATH_MAX`).
    private static let pieceLimitBytes = 4096

    private borrowing func openInPieces(_ path: ArraySlice<UInt8>) throws(FileError) -> Descriptor {
        let slash = UInt8(ascii: "/")
        let window = path.prefix(Self.pieceLimitBytes - 1)
        guard window.count < path.count else { return try openPiece(path) }
        guard var cut = window.lastIndex(of: slash) else { throw failure(-Int(ENAMETOOLONG), "openat2", "") }
        var current = try openPiece(path[..<cut])
        while true {
            let rest = path[(cut + 1)...]
            let next = rest.prefix(Self.pieceLimitBytes - 1)
            if next.count == rest.count { return try current.openPiece(rest) }
            guard let end = next.lastIndex(of: slash) else { throw failure(-Int(ENAMETOOLONG), "openat2", "") }
            current = try current.openPiece(path[(cut + 1)..<end])
            cut = end
        }
    }

    private borrowing func openPiece(_ path: ArraySlice<UInt8>) throws(FileError) -> Descriptor {
        let result = withCText(path) { text in
            // EAGAIN: somebody renamed something on the way, and the kernel could not be sure. Not for ever.
            var result = -Int(EAGAIN)
            for _ in 0..<128 where result == -Int(EAGAIN) {
                result = attempt {
                    Int(holdfast_open_beneath(rawValue, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
                }
            }
            return result
        }
        switch -result {
        case Int(ENOSYS), Int(EPERM), Int(EAGAIN): return try openByComponents(path)
        default: return Descriptor(try check(result, "openat2", path))
        }
    }

    private borrowing func openByComponents(_ path: ArraySlice<UInt8>) throws(FileError) -> Descriptor {
        var current = try reopenDirectory()
        for component in path.split(separator: UInt8(ascii: "/")) {
            current = try current.openDirectory(component)
        }
        return current
    }
}
