package import StorageModel

/// Finds out how a tree differs from what a source has, as `container diff` tells it.
///
/// Of something that only the source has, only the topmost directory is told; of something that is only in the tree,
/// everything. A directory with changes below it is changed itself; the root is only if its own owner, mode or attributes
/// are. Two files are the same if everything of them is, times and content included.
package struct TreeDifference {
    private let source: TreeSource
    private let tree: SharedDescriptor
    private let checkpoint: Checkpoint
    private var changes: Set<ContainerChange> = []
    private var pending = [SourceDirectory]()

    /// - Returns: the changes that lead from the source to the tree, in the byte order of their paths.
    package static func changes(
        from source: TreeSource, to tree: borrowing Descriptor, checkpoint: Checkpoint
    ) throws(StorageError) -> [ContainerChange] {
        let root: SharedDescriptor
        do throws(FileError) { root = SharedDescriptor(try tree.duplicate()) } catch {
            throw StorageError(error, doing: "compare two trees", object: error.path)
        }
        var difference = TreeDifference(source: source, tree: root, checkpoint: checkpoint)
        difference.pending = [source.root]
        while let directory = difference.pending.popLast() {
            try checkpoint.interruption.check()
            do throws(FileError) { try difference.compare(directory) } catch {
                let shown = directory.path.description.printable()
                throw StorageError(error, doing: "compare '\(shown)'", object: shown)
            }
        }
        return difference.changes.sorted()
    }

    private init(source: TreeSource, tree: SharedDescriptor, checkpoint: Checkpoint) {
        self.source = source
        self.tree = tree
        self.checkpoint = checkpoint
    }

    private mutating func add(_ kind: ContainerChange.Kind, _ path: EntryPath) {
        changes.insert(ContainerChange(kind: kind, path: path))
        var above = path
        while !above.isRoot {
            above = above.parent
            // What was told of a directory was told of those above it too.
            if above.isRoot || changes.contains(ContainerChange(kind: .added, path: above)) { return }
            guard changes.insert(ContainerChange(kind: .changed, path: above)).inserted else { return }
        }
    }

    private mutating func compare(_ place: SourceDirectory) throws(FileError) {
        let original = try source.open(place)
        let current = try tree.descriptor.openDirectory(beneath: place.path)
        let (status, attributes) = (try current.status(), try current.extendedAttributes())
        if !hasSameOwner(original.status, status) || original.attributes != attributes {
            if place.path.isRoot {
                changes.insert(ContainerChange(kind: .changed, path: .root))
            } else {
                add(.changed, place.path)
            }
        }
        var expected: [[UInt8]: SourceEntry] = [:]
        for entry in try source.entries(of: original) { expected[entry.name] = entry }
        for found in try current.entries() {
            let path = place.path.appending(found.name)
            let status = try current.status(of: found.name)
            guard let entry = expected.removeValue(forKey: found.name),
                let wanted = try self.status(of: entry, in: original)
            else {
                try addAll(path, status)
                continue
            }
            if wanted.kind == .directory && status.kind == .directory {
                pending.append(SourceDirectory(path: path, trees: entry.trees))
            } else if try !isEqual(entry, wanted, in: original, found.name, status, in: current) {
                add(.changed, path)
                if status.kind == .directory { try addAll(below: path) }
            }
            checkpoint.progress.advance(entries: 1, bytes: status.sizeBytes)
        }
        for entry in expected.values where try self.status(of: entry, in: original) != nil {
            add(.deleted, place.path.appending(entry.name))
        }
    }

    /// - Returns: `nil` for a whiteout.
    private func status(of entry: SourceEntry, in directory: OpenedSource) throws(FileError) -> FileStatus? {
        let status = try directory.parts[entry.part].descriptor.status(of: entry.name)
        return source.isWhiteout(status) ? nil : status
    }

    private mutating func addAll(_ path: EntryPath, _ status: FileStatus) throws(FileError) {
        add(.added, path)
        if status.kind == .directory { try addAll(below: path) }
    }

    private mutating func addAll(below path: EntryPath) throws(FileError) {
        var directories = [path]
        while let directory = directories.popLast() {
            let opened = try tree.descriptor.openDirectory(beneath: directory)
            for entry in try opened.entries() {
                let path = directory.appending(entry.name)
                add(.added, path)
                if try opened.status(of: entry.name).kind == .directory { directories.append(path) }
            }
        }
    }

    // MARK: Equality

    /// Times and sizes of directories follow from what is in them.
    private func hasSameOwner(_ left: FileStatus, _ right: FileStatus) -> Bool {
        left.mode == right.mode && left.uid == right.uid && left.gid == right.gid
    }

    private func isEqual(
        _ entry: SourceEntry, _ wanted: FileStatus, in original: OpenedSource, _ name: [UInt8], _ status: FileStatus,
        in current: borrowing Descriptor
    ) throws(FileError) -> Bool {
        guard status.kind == wanted.kind, status.metadata == wanted.metadata, status.sizeBytes == wanted.sizeBytes,
            status.deviceMajor == wanted.deviceMajor, status.deviceMinor == wanted.deviceMinor
        else { return false }
        let part = original.parts[entry.part]
        let attributes = try part.descriptor.extendedAttributes(of: name).filter { source.isKept($0.name) }
        guard try current.extendedAttributes(of: name) == attributes else { return false }
        switch status.kind {
        case .symbolicLink: return try current.readLink(name) == part.descriptor.readLink(name)
        case .file:
            return try current.openFile(name, for: .reading).hasSameContent(
                as: try part.descriptor.openFile(name, for: .reading))
        default: return true
        }
    }
}
