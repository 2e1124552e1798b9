internal import FileTree

/// What the makers of one extraction share.
struct ExtractionTarget: Sendable {
    let root: SharedDescriptor
    let policy: ExtractionPolicy
    let notices: NoticeList
    let turn: CreationTurn

    init(root: SharedDescriptor, policy: ExtractionPolicy) {
        self.root = root
        self.policy = policy
        notices = NoticeList()
        turn = CreationTurn(root.descriptor)
    }
}
