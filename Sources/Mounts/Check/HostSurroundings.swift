internal import FileTree
internal import StorageModel

/// What there is on the host beside the source.
package struct HostSurroundings: Sendable {
    /// The store's directory, with links resolved; `nil` if there is none.
    package var storePath: String?
    /// Where the kernel shows SELinux, if it has it.
    package var selinuxPath = "/sys/fs/selinux"
    /// Whether links in directories like /tmp are followed for their owners only (sysctl/fs.rst, `protected_symlinks`).
    package var protectedSymlinksPath = "/proc/sys/fs/protected_symlinks"

    /// The kinds of file systems whose servers decide themselves what root may do (linux/magic.h: NFS, SMB, CIFS).
    package var remoteTypes: Set<UInt64> = [0x6969, 0xfe53_4d42, 0xff53_4d42]

    package init(storePath: String? = nil) { self.storePath = storePath }

    var hasSELinux: Bool { HostPath.exists("enforce", in: selinuxPath) }

    /// A setting that cannot be read counts as set, which is the rule on today's hosts.
    var protectsSymlinks: Bool {
        do throws(FileError) {
            let file = try Descriptor.openFile(atHostPath: protectedSymlinksPath)
            return try file.readToEnd(limitBytes: 16).first != UInt8(ascii: "0")
        } catch {
            return true
        }
    }
}

extension [UInt8] {
    /// Whether the absolute path is that of `other` or lies below it.
    func isWithin(_ other: [UInt8]) -> Bool { AbsolutePath.remainder(of: self, beneath: other) != nil }

    func isWithin(_ other: String) -> Bool { isWithin(Array(other.utf8)) }

    /// As a path in a message, with quotes.
    var shown: String { "'" + String(decoding: self, as: UTF8.self).printable(limit: 300) + "'" }
}
