package import FileTree
internal import StorageModel

/// Why an entry is not taken from the previous archive without reading it.
package enum ChangeReason: String, Sendable {
    case added = "is new"
    case kind = "is of another kind"
    case size = "has another size"
    case modified = "was modified"
    case metadata = "has another owner or mode"
    case statusChanged = "its status changed (ctime)"
    case inode = "is another file (inode)"
    case racy = "changed just before the previous backup read it"
    case wasChanging = "changed while the previous backup read it"
    case link = "is linked to another name"
    case moved = "was renamed"
}

/// Decides whether an entry on disk is what the previous archive has of it.
///
/// Unchanged means: kind, size, owner, mode, mtime, ctime, inode and device are equal, nothing was wrong when it was read, and
/// both times lie three seconds before the previous backup began. A change in the same tick of the clock as the reading
/// would leave no trace (kernels before 6.13 count in jiffies; NFS and FAT are coarser), so younger times prove nothing.
/// Source: the rule of borg's files cache, with ctime always on.
struct TrustRule: Sendable {
    private let trustedBefore: Timestamp
    private let previousDevice: UInt64
    private let device: UInt64
    let comparesInodes: Bool

    static let guardSeconds: Int64 = 3

    /// - Parameters:
    ///   - root: the root's status now, and `previousRoot` as the archive has it. Numbers of devices change with a reboot or a
    ///     mount: only whether an entry is on the device of the root counts.
    ///   - comparesInodes: `false` for file systems that give inode numbers anew at each mount.
    init(startedAt: Timestamp, previousRoot: TableEntry, root: SourceIdentity, comparesInodes: Bool) {
        trustedBefore = Timestamp(
            seconds: startedAt.seconds - Self.guardSeconds, nanoseconds: startedAt.nanoseconds)
        previousDevice = previousRoot.device
        device = root.device
        self.comparesInodes = comparesInodes
    }

    /// - Parameter identity: that of the entry whose status it is, or of its original.
    /// - Returns: `nil` if the entry is unchanged.
    func change(
        of status: FileStatus, _ identity: SourceIdentity, hardLinkTarget: EntryPath?, since entry: TableEntry
    ) -> ChangeReason? {
        if let target = hardLinkTarget {
            guard entry.kind == .hardLink, entry.linkTarget == target.bytes else { return .link }
        } else {
            guard entry.kind == status.kind else { return .kind }
            if status.kind == .file && status.sizeBytes != entry.sizeBytes { return .size }
        }
        if status.metadata.modifiedAt != entry.metadata.modifiedAt { return .modified }
        if status.metadata != entry.metadata { return .metadata }
        if identity.changedAt != entry.changedAt { return .statusChanged }
        if comparesInodes && identity.inode != entry.inode { return .inode }
        let wasOnRootDevice = entry.device == previousDevice
        guard entry.device == identity.device || wasOnRootDevice && identity.device == device else { return .inode }
        if entry.changedDuringRead { return .wasChanging }
        guard trusts(entry.changedAt), trusts(entry.metadata.modifiedAt) else { return .racy }
        return nil
    }

    /// Whether a time lies long enough before the previous backup.
    func trusts(_ time: Timestamp) -> Bool { time < trustedBefore }
}

extension Descriptor {
    /// Whether a file keeps its inode number as long as it lives here, over mounts too.
    ///
    /// Not so on FUSE and 9p (made up per mount), overlay (its own numbers for what is in several layers), and the network
    /// (a server that was restored from elsewhere).
    package borrowing func hasStableInodes() throws(FileError) -> Bool {
        switch try fileSystemStatus().type {
        case 0x6573_5546, 0x0102_1997, 0x794c_7630, 0x6969, 0xfe53_4d42, 0xff53_4d42, 0x517b: false
        default: true
        }
    }
}
