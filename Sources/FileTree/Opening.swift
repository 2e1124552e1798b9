internal import CLinux
internal import Glibc
internal import StorageModel

/// What an existing file is opened for.
package enum FileAccess: Sendable {
    case reading
    case writing
    case readingAndWriting
}

extension Descriptor {
    /// Opens a directory that the user named by a host path. Symbolic links are followed, as everywhere on the host.
    package static func openDirectory(atHostPath path: String) throws(FileError) -> Descriptor {
        let result = withCText(path.utf8) { text in
            attempt { Int(openat(AT_FDCWD, text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
        }
        return Descriptor(try check(result, "openat", path.utf8))
    }

    /// Opens a file that the user named by a host path, for reading. Symbolic links are followed; a fifo is waited for.
    package static func openFile(atHostPath path: String) throws(FileError) -> Descriptor {
        let result = withCText(path.utf8) { text in
            attempt { Int(openat(AT_FDCWD, text, O_RDONLY | O_NOCTTY | O_CLOEXEC)) }
        }
        return Descriptor(try check(result, "openat", path.utf8))
    }

    /// Opens the child directory `name`; a symbolic link is an error (`ENOTDIR`). The name `.` opens this one again.
    package borrowing func openDirectory(_ name: some Collection<UInt8>) throws(FileError) -> Descriptor {
        if name.count == 1 && name.first == UInt8(ascii: ".") { return try reopenDirectory() }
        let result = withName(name) { text in
            attempt { Int(openat(rawValue, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) }
        }
        return Descriptor(try check(result, "openat", name))
    }

    /// Opens this directory again: a new open file with an offset of its own.
    package borrowing func reopenDirectory() throws(FileError) -> Descriptor {
        Descriptor(
            try check(attempt { Int(openat(rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }, "openat", [46]))
    }

    /// Opens the existing file `name`, whatever its kind: a fifo is not waited for, a symbolic link is an error (`ELOOP`).
    ///
    /// Reading leaves the access time alone where the kernel permits it (`HOLDFAST_O_NOATIME`: the owner and root).
    package borrowing func openFile(
        _ name: some Collection<UInt8>, for access: FileAccess
    ) throws(FileError) -> Descriptor {
        let result = withName(name) { text in
            let common = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
            switch access {
            case .writing: return attempt { Int(openat(rawValue, text, O_WRONLY | common)) }
            case .readingAndWriting: return attempt { Int(openat(rawValue, text, O_RDWR | common)) }
            case .reading:
                let quiet = attempt { Int(openat(rawValue, text, O_RDONLY | HOLDFAST_O_NOATIME | common)) }
                guard quiet == -Int(EPERM) else { return quiet }
                return attempt { Int(openat(rawValue, text, O_RDONLY | common)) }
            }
        }
        return Descriptor(try check(result, "openat", name))
    }

    /// Makes the file `name` and opens it for reading and writing.
    ///
    /// - Parameters:
    ///   - mode: permission bits, of which the process's umask still takes away.
    ///   - exclusive: whether an existing entry is an error (`EEXIST`); otherwise an existing file is opened as it is.
    package borrowing func createFile(
        _ name: some Collection<UInt8>, mode: UInt16 = 0o600, exclusive: Bool = true
    ) throws(FileError) -> Descriptor {
        let flags = O_RDWR | O_CREAT | (exclusive ? O_EXCL : 0) | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC
        let result = withName(name) { text in
            changing("openat(O_CREAT)") { Int(openat(rawValue, text, flags, mode_t(mode))) }
        }
        return Descriptor(try check(result, "openat(O_CREAT)", name))
    }
}
