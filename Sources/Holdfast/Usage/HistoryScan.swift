internal import FileTree
public import StorageModel

/// Scans for commands that compare with the history.
public enum HistoryScan {
    /// What became of one source.
    public struct Outcome: Sendable {
        public let source: SourceReference
        public let result: Result<UsageReport, StorageError>
        /// The file system that holds it; `nil` if it could not be asked.
        public let room: FileSystemRoom?
    }

    /// Scans sources one after the other, each with its tree.
    ///
    /// Memory: the tree, about 80 bytes for each entry.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/interrupted``.
    public static func run(
        _ sources: [SourceReference], store: Store?, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for source in sources {
            checkpoint.progress.begin(
                "scanning \(source.description.printable(limit: 80))", totalEntries: nil, totalBytes: nil)
            var room: FileSystemRoom?
            let result = Result { () throws(StorageError) in
                try SourceRoom.withRoot(of: source, in: store, checkpoint) {
                    (root: borrowing Descriptor) throws(FileError) -> UsageReport in
                    room = FileSystemRoom(try root.fileSystemSpace())
                    var gathering = TreeGathering(checkpoint)
                    return try gathering.scan(root, source)
                }
            }
            try checkpoint.interruption.check()
            outcomes.append(Outcome(source: source, result: result, room: room))
        }
        return outcomes
    }
}

/// One scan that keeps every entry.
private struct TreeGathering {
    private let checkpoint: Checkpoint
    private var counted: Set<FileIdentity> = []
    /// The directories in the order of the walk, each with what is in it.
    private var directories: [(path: EntryPath, children: [(name: [UInt8], entry: UsageTree.Entry)])] = []
    private var numbers: [EntryPath: Int] = [:]
    private var unreadable: Set<EntryPath> = []

    init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    mutating func scan(_ root: borrowing Descriptor, _ source: SourceReference) throws(FileError) -> UsageReport {
        let (clock, scannedAt) = (ContinuousClock(), Timestamp.now)
        let start = clock.now
        let status = try root.status()
        var failed: [EntryPath] = []
        let walk = try OrderedWalk(root: root, options: OrderedWalk.Options())
        do throws(StorageError) {
            try walk.forEach { item throws(StorageError) in
                try checkpoint.interruption.check()
                checkpoint.progress.advance(entries: 1, bytes: item.status.allocatedBytes)
                add(item, rootDevice: status.device)
            } onError: { path, error in
                if error.errno != .noEntry { failed.append(path) }
            }
        } catch {
            // The caller looks at the interruption; what there is until then is a lower bound.
        }
        unreadable = Set(failed)
        let tree = assemble()
        let elapsed = start.duration(to: clock.now).components
        return UsageReport(
            source: source, totals: tree.totals()[0], scannedAt: scannedAt,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
            isPartial: checkpoint.interruption.isRequested, tree: tree)
    }

    private mutating func add(_ item: WalkedEntry, rootDevice: UInt64) {
        let status = item.status
        var flags: UsageTree.Flags = []
        if status.kind == .directory {
            if status.device != rootDevice { flags.insert(.otherFileSystem) }
            numbers[item.path] = directories.count
            directories.append((item.path, []))
        } else if status.linkCount > 1 {
            flags.insert(.hasOtherNames)
            if !counted.insert(status.identity).inserted { flags.insert(.countedElsewhere) }
        }
        let isCounted = !flags.contains(.countedElsewhere) && !flags.contains(.otherFileSystem)
        let entry = UsageTree.Entry(
            kind: status.kind, allocatedBytes: isCounted ? status.allocatedBytes : 0,
            apparentBytes: isCounted && status.kind != .directory ? status.sizeBytes : 0,
            modifiedAtSeconds: status.modifiedAt.seconds, uid: status.uid, gid: status.gid, flags: flags)
        if item.path.isRoot {
            directories[0].children = [([], entry)]
        } else if let parent = numbers[item.path.parent] {
            directories[parent].children.append((Array(item.path.name), entry))
        }
    }

    /// Puts the children of each directory side by side, a directory's before those of any in it.
    private func assemble() -> UsageTree {
        guard let root = directories.first?.children.first?.entry else {
            return UsageTree(
                root: UsageTree.Entry(
                    kind: .directory, allocatedBytes: 0, apparentBytes: 0, modifiedAtSeconds: 0, uid: 0, gid: 0,
                    flags: .unreadable))
        }
        var tree = UsageTree(root: root)
        var queue = [(index: 0, path: EntryPath.root)]
        var next = 0
        while next < queue.count {
            let (index, path) = queue[next]
            next += 1
            if unreadable.contains(path) { tree.mark(.unreadable, at: index) }
            guard let number = numbers[path] else { continue }
            let children = directories[number].children.dropFirst(path.isRoot ? 1 : 0)
            let places = tree.append(Array(children), to: index)
            for (place, child) in zip(places, children) where child.entry.kind == .directory {
                queue.append((place, path.appending(child.name)))
            }
        }
        return tree
    }
}
