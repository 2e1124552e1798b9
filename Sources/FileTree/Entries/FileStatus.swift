internal import CLinux
internal import Glibc
package import StorageModel

/// What tells one file from another as long as both exist.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// What `statx(2)` says of an entry.
package struct FileStatus: Hashable, Sendable {
    /// Never ``StorageModel/EntryKind/hardLink``: a file does not know which of its names is the first.
    package let kind: EntryKind
    /// `mode & 0o7777`.
    package let mode: UInt16
    package let uid: UInt32
    package let gid: UInt32
    /// The apparent size; for a symbolic link the length of its target.
    package let sizeBytes: UInt64
    /// The 512-byte blocks it occupies, in bytes.
    package let allocatedBytes: UInt64
    package let modifiedAt: Timestamp
    package let changedAt: Timestamp
    package let inode: UInt64
    /// The file system, as `st_dev` has it.
    package let device: UInt64
    package let linkCount: UInt32
    /// Of a device node: which device it stands for.
    package let deviceMajor: UInt32
    package let deviceMinor: UInt32
    /// `STATX_ATTR_…` bits that the file system supports and that are set.
    package let attributes: UInt64

    /// Whether something is mounted here (`STATX_ATTR_MOUNT_ROOT`; never before Linux 5.8).
    package var isMountRoot: Bool { attributes & holdfast_status.mountRoot != 0 }

    package var identity: FileIdentity { FileIdentity(device: device, inode: inode) }

    package var metadata: EntryMetadata { EntryMetadata(mode: mode, uid: uid, gid: gid, modifiedAt: modifiedAt) }

    init(_ raw: holdfast_status) {
        kind = EntryKind(typeBits: raw.mode)
        mode = UInt16(truncatingIfNeeded: raw.mode & 0o7777)
        uid = raw.uid
        gid = raw.gid
        sizeBytes = raw.size
        allocatedBytes = raw.blocks &* 512
        modifiedAt = Timestamp(seconds: raw.modified_seconds, nanoseconds: raw.modified_nanoseconds)
        changedAt = Timestamp(seconds: raw.changed_seconds, nanoseconds: raw.changed_nanoseconds)
        inode = raw.inode
        device = raw.device
        linkCount = raw.links
        deviceMajor = raw.special_major
        deviceMinor = raw.special_minor
        attributes = raw.attributes
    }

    private init(_ other: FileStatus, uid: UInt32, gid: UInt32) {
        (kind, mode) = (other.kind, other.mode)
        (self.uid, self.gid) = (uid, gid)
        (sizeBytes, allocatedBytes) = (other.sizeBytes, other.allocatedBytes)
        (modifiedAt, changedAt) = (other.modifiedAt, other.changedAt)
        (inode, device, linkCount) = (other.inode, other.device, other.linkCount)
        (deviceMajor, deviceMinor, attributes) = (other.deviceMajor, other.deviceMinor, other.attributes)
    }

    /// The same with other owners.
    package func owned(by uid: UInt32, _ gid: UInt32) -> FileStatus { FileStatus(self, uid: uid, gid: gid) }
}

extension holdfast_status {
    /// `STATX_ATTR_MOUNT_ROOT`.
    static var mountRoot: UInt64 { 0x2000 }

    var isMountRoot: Bool { attributes & Self.mountRoot != 0 }

    /// The device number as `makedev(3)` packs it.
    var device: UInt64 {
        let (major, minor) = (UInt64(device_major), UInt64(device_minor))
        return (major & 0xffff_f000) << 32 | (major & 0xfff) << 8 | (minor & 0xffff_ff00) << 12 | minor & 0xff
    }
}

extension EntryKind {
    /// From the type bits of `st_mode`. A type that this program does not know has no content to read: a socket.
    init(typeBits mode: UInt32) {
        switch mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .directory
        case S_IFLNK: self = .symbolicLink
        case S_IFCHR: self = .characterDevice
        case S_IFBLK: self = .blockDevice
        case S_IFIFO: self = .fifo
        default: self = .socket
        }
    }
}

extension Descriptor {
    /// The status of the open file or directory itself.
    package borrowing func status() throws(FileError) -> FileStatus {
        var raw = holdfast_status()
        try check(attempt { Int(holdfast_statx(rawValue, "", &raw)) }, "statx")
        return FileStatus(raw)
    }

    /// The status of the entry `name`; of a symbolic link itself, not of its target.
    package borrowing func status(of name: some Collection<UInt8>) throws(FileError) -> FileStatus {
        var raw = holdfast_status()
        let result = withName(name) { text in attempt { Int(holdfast_statx(rawValue, text, &raw)) } }
        try check(result, "statx", name)
        return FileStatus(raw)
    }
}
