internal import Glibc
package import StorageModel

/// Whom new entries in a new tree belong to, and with which mode they are made.
package struct FreshOwner: Sendable {
    /// The process, unless the root passes its group on (a set-group-id directory, or a file system that always does so);
    /// `nil` if it is not known beforehand.
    private let owner: (uid: UInt32, gid: UInt32)?

    /// - Parameter root: the directory in which everything is made, in directories that are new too.
    package init(root: borrowing Descriptor) throws(FileError) {
        let status = try root.status()
        let passesGroupOn = status.mode & 0o2000 != 0 || status.gid != getegid()
        owner = passesGroupOn ? nil : (geteuid(), getegid())
    }

    /// Nothing is known.
    package init() { owner = nil }

    /// The mode that an entry is made with: its own, so that it need not be set, where its owner is right from the start.
    ///
    /// Elsewhere others could read it before it is theirs to. Attributes come before the mode, and only what is open to
    /// writing takes them from a user.
    package func initialMode(_ metadata: EntryMetadata, hasAttributes: Bool) -> UInt16 {
        guard let owner, metadata.uid == owner.uid, metadata.gid == owner.gid, !hasAttributes else { return 0o600 }
        return metadata.mode & 0o777
    }
}
