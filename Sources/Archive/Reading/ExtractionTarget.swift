internal import FileTree
internal import StorageModel

/// What the makers of one extraction share.
struct ExtractionTarget: Sendable {
    let root: SharedDescriptor
    let policy: ExtractionPolicy
    let notices = NoticeList()
    let turn: CreationTurn
    private let freshOwner: FreshOwner

    init(root: SharedDescriptor, policy: ExtractionPolicy) throws(FileError) {
        self.root = root
        self.policy = policy
        turn = CreationTurn(root.descriptor)
        // What is merged into may have directories deeper down that pass their group on.
        freshOwner = policy.merges ? FreshOwner() : try FreshOwner(root: root.descriptor)
    }

    /// The mode that an entry is made with.
    func initialMode(_ entry: TarEntry) -> UInt16 {
        freshOwner.initialMode(entry.metadata, hasAttributes: !entry.extendedAttributes.isEmpty)
    }
}
