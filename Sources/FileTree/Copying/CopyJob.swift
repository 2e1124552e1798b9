internal import StorageModel
internal import Synchronization

/// What the threads of one copy share.
final class CopyJob: Sendable {
    let source: TreeSource
    let target: SharedDescriptor
    let ownership: Bool
    let options: TreeCopy.Options
    let checkpoint: Checkpoint
    let turn: CreationTurn
    let freshOwner: FreshOwner
    let links = LinkTable()
    /// The file system that is not left, and the one of the source's root.
    let device: UInt64
    private let mayShareBlocks = Atomic<Bool>(true)

    init(
        _ source: TreeSource, to target: borrowing Descriptor, ownership: Bool, options: TreeCopy.Options,
        checkpoint: Checkpoint
    ) throws(FileError) {
        self.source = source
        self.target = SharedDescriptor(try target.duplicate())
        self.ownership = ownership
        self.options = options
        self.checkpoint = checkpoint
        turn = CreationTurn(target)
        freshOwner = try FreshOwner(root: target)
        device = try source.trees.first.map { tree throws(FileError) in try tree.descriptor.status().device } ?? 0
    }

    /// Whether `FICLONE` is worth a try; `false` for good once the file system has refused.
    var sharesBlocks: Bool {
        get { mayShareBlocks.load(ordering: .relaxed) }
        set { mayShareBlocks.store(newValue, ordering: .relaxed) }
    }
}

/// Under which name a file with several names was copied.
final class LinkTable: Sendable {
    private let names = Monitor<[FileIdentity: EntryPath]>([:])

    /// - Returns: whether `path` is the first name of the file, whose content is to be copied under it.
    func claim(_ identity: FileIdentity, _ path: EntryPath) -> Bool {
        names.update { names in
            if names[identity] != nil { return false }
            names[identity] = path
            return true
        }
    }

    /// The content could not be copied under the first name: another may try.
    func giveUp(_ identity: FileIdentity) { names.update { $0[identity] = nil } }

    /// The name under which the file was copied.
    func firstName(_ identity: FileIdentity) -> EntryPath? { names.update { $0[identity] } }
}
