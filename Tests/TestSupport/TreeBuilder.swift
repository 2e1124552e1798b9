internal import CTestSystem
internal import Glibc

/// Makes entries of every kind below a directory, by plain system calls of its own. Names are bytes.
package struct TreeBuilder: Sendable {
    /// The directory that everything is made in; absolute.
    package let root: String

    /// Makes the directory if it is missing.
    package init(_ root: String) throws {
        self.root = root
        if mkdir(root, 0o755) != 0 && errno != EEXIST { throw SystemFailure("mkdir", root) }
    }

    /// The absolute path of `name`, NUL-terminated.
    private func path(_ name: [UInt8]) -> [CChar] {
        (Array(root.utf8) + [UInt8(ascii: "/")] + name + [0]).map { CChar(bitPattern: $0) }
    }

    private func must(_ result: some BinaryInteger, _ call: String, _ name: [UInt8]) throws {
        if result < 0 { throw SystemFailure(call, "\(root)/\(String(decoding: name, as: UTF8.self))") }
    }

    /// A regular file.
    package func file(_ name: [UInt8], _ content: [UInt8] = [], mode: UInt32 = 0o644) throws {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try must(descriptor, "open", name)
        defer { close(descriptor) }
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            try must(count, "write", name)
            written += count
        }
        try must(fchmod(descriptor, mode), "fchmod", name)
    }

    /// A file of `sizeBytes` with holes everywhere but at the given pieces.
    package func sparseFile(_ name: [UInt8], sizeBytes: Int, pieces: [(offset: Int, content: [UInt8])]) throws {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        try must(descriptor, "open", name)
        defer { close(descriptor) }
        try must(ftruncate(descriptor, sizeBytes), "ftruncate", name)
        for piece in pieces {
            try must(pwrite(descriptor, piece.content, piece.content.count, piece.offset), "pwrite", name)
        }
    }

    package func directory(_ name: [UInt8], mode: UInt32 = 0o755) throws {
        try must(mkdir(path(name), 0o700), "mkdir", name)
        try must(chmod(path(name), mode), "chmod", name)
    }

    package func symbolicLink(_ name: [UInt8], to target: [UInt8]) throws {
        let text = target.map { CChar(bitPattern: $0) } + [0]
        try must(symlink(text, path(name)), "symlink", name)
    }

    package func hardLink(_ name: [UInt8], to existing: [UInt8]) throws {
        try must(link(path(existing), path(name)), "link", name)
    }

    package func fifo(_ name: [UInt8], mode: UInt32 = 0o640) throws {
        try must(mkfifo(path(name), mode), "mkfifo", name)
    }

    /// A device node; needs root. It is never opened by a test.
    package func device(_ name: [UInt8], block: Bool, major: UInt32, minor: UInt32) throws {
        let kind = mode_t(block ? S_IFBLK : S_IFCHR)
        let number = dev_t((UInt64(major) << 8) | UInt64(minor & 0xff) | (UInt64(minor & 0xfff00) << 12))
        try must(mknod(path(name), kind | 0o600, number), "mknod", name)
    }

    package func attribute(_ name: [UInt8], _ key: String, _ value: [UInt8]) throws {
        try must(lsetxattr(path(name), key, value, value.count, 0), "lsetxattr", name)
    }

    package func owner(_ name: [UInt8], _ uid: UInt32, _ gid: UInt32) throws {
        try must(lchown(path(name), uid, gid), "lchown", name)
    }

    package func mode(_ name: [UInt8], _ mode: UInt32) throws {
        try must(chmod(path(name), mode), "chmod", name)
    }

    /// Sets the modification time, of a link itself too.
    package func modified(_ name: [UInt8], seconds: Int, nanoseconds: Int = 0) throws {
        let times = [
            timespec(tv_sec: 0, tv_nsec: Int(UTIME_OMIT_VALUE)), timespec(tv_sec: seconds, tv_nsec: nanoseconds),
        ]
        try must(utimensat(AT_FDCWD, path(name), times, AT_SYMLINK_NOFOLLOW), "utimensat", name)
    }

    /// An access control list in the short form of setfacl(1), such as `u:1000:rw`.
    package func accessControlList(_ name: String, _ entries: String, isDefault: Bool = false) throws {
        try Tool.run(["setfacl"] + (isDefault ? ["-d"] : []) + ["-m", entries, "\(root)/\(name)"]).check()
    }

    package func remove(_ name: [UInt8]) throws { try must(unlink(path(name)), "unlink", name) }
}

/// `UTIME_OMIT` of `<sys/stat.h>`, a macro that Swift does not see.
private let UTIME_OMIT_VALUE = (1 << 30) - 2

extension TreeBuilder {
    package func file(_ name: String, _ content: String, mode: UInt32 = 0o644) throws {
        try file(Array(name.utf8), Array(content.utf8), mode: mode)
    }

    package func directory(_ name: String, mode: UInt32 = 0o755) throws { try directory(Array(name.utf8), mode: mode) }

    package func symbolicLink(_ name: String, to target: String) throws {
        try symbolicLink(Array(name.utf8), to: Array(target.utf8))
    }

    package func hardLink(_ name: String, to existing: String) throws {
        try hardLink(Array(name.utf8), to: Array(existing.utf8))
    }
}
