internal import FileTree
internal import Glibc
internal import StorageModel

/// What the makers of one extraction share.
struct ExtractionTarget: Sendable {
    let root: SharedDescriptor
    let policy: ExtractionPolicy
    let notices = NoticeList()
    let turn: CreationTurn
    /// Whom new entries belong to: the process, unless the root passes its group on (a set-group-id directory, or a file
    /// system that always does so). `nil` where what is merged into may have such directories deeper down.
    private let freshOwner: (uid: UInt32, gid: UInt32)?

    init(root: SharedDescriptor, policy: ExtractionPolicy) throws(FileError) {
        self.root = root
        self.policy = policy
        turn = CreationTurn(root.descriptor)
        let status = try root.descriptor.status()
        let passesGroupOn = status.mode & 0o2000 != 0 || status.gid != getegid()
        freshOwner = policy.merges || passesGroupOn ? nil : (geteuid(), getegid())
    }

    /// The mode that an entry is made with: its own, so that it need not be set, where its owner is right from the start.
    ///
    /// Elsewhere others could read it before it is theirs to. Attributes come before the mode, and only what is open to
    /// writing takes them from a user.
    func initialMode(_ entry: TarEntry) -> UInt16 {
        guard let freshOwner, entry.metadata.uid == freshOwner.uid, entry.metadata.gid == freshOwner.gid,
            entry.extendedAttributes.isEmpty
        else { return 0o600 }
        return entry.metadata.mode & 0o777
    }
}
