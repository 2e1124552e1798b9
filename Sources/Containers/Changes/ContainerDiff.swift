package import FileTree
package import Layers
package import StorageModel

/// Finds out what a container changed, straight from its upper directory: cost is proportional to the changes, not to the
/// image.
///
/// What Docker prints for the same changes: a directory with changes below it is changed itself; of a removed directory only
/// the directory is told; what a new directory hides of the image's (opaque directories) counts as deleted. A copy in the
/// upper directory that is equal to the original, content included, is no change.
package struct ContainerDiff {
    private let upper: SharedDescriptor
    private let image: LayerStack
    private let form: OverlayForm
    private let mapping: IdentityMapping?
    private let checkpoint: Checkpoint
    private var changes: [ContainerChange] = []
    /// Directories that are in the upper directory only because something below them changed, or did not after all.
    private var pending: [(path: EntryPath, isChanged: Bool)] = []

    /// - Parameters:
    ///   - image: the layers below the upper directory, the uppermost first.
    ///   - mapping: the ids of the container's user namespace: the upper directory has the host's, the image does not.
    package init(
        upper: SharedDescriptor, image: LayerStack, mapping: IdentityMapping?, checkpoint: Checkpoint
    ) {
        self.mapping = mapping
        self.upper = upper
        self.image = image
        form = image.form
        self.checkpoint = checkpoint
    }

    /// - Returns: the changes in the byte order of their paths.
    package consuming func run() throws(StorageError) -> [ContainerChange] {
        let walk: OrderedWalk
        do throws(FileError) {
            walk = try OrderedWalk(root: upper.descriptor, options: OrderedWalk.Options())
        } catch {
            throw StorageError(error, doing: "read the container's changes", object: "")
        }
        var failure: FileError?
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            if entry.path.isRoot || failure != nil { return }
            do throws(FileError) { try examine(entry) } catch { failure = error }
        } onError: { _, error in
            failure = failure ?? error
        }
        if let failure { throw StorageError(failure, doing: "read the container's changes", object: "") }
        settle(until: nil)
        return changes.sorted()
    }

    private mutating func examine(_ entry: WalkedEntry) throws(FileError) {
        settle(until: entry.path)
        let original = try image.entry(exactlyAt: entry.path)
        if entry.status.isWhiteout {
            if original != nil { add(.deleted, entry.path) }
            return
        }
        guard let original else { return add(.added, entry.path) }
        guard entry.status.kind == .directory, original.status.kind == .directory else {
            if try !isEqual(entry, original) { add(.changed, entry.path) }
            return
        }
        pending.append((entry.path, !hasEqualMetadata(entry.status, original.status)))
        if try form.isOpaque(try upper.descriptor.openDirectory(beneath: entry.path)) {
            // Everything of the image's is hidden; what the container has at the same names is told as it comes.
            for name in try image.names(in: entry.path) {
                let path = entry.path.appending(name)
                if try !exists(path) { add(.deleted, path) }
            }
        }
    }

    /// Tells of the directories that the walk has left whether they are changed: themselves, or something below them.
    private mutating func settle(until path: EntryPath?) {
        while let last = pending.last, path.map({ !$0.isWithin(last.path) }) ?? true {
            pending.removeLast()
            guard last.isChanged else { continue }
            changes.append(ContainerChange(kind: .changed, path: last.path))
            if let above = pending.indices.last { pending[above].isChanged = true }
        }
    }

    private mutating func add(_ kind: ContainerChange.Kind, _ path: EntryPath) {
        changes.append(ContainerChange(kind: kind, path: path))
        for index in pending.indices { pending[index].isChanged = true }
    }

    private func exists(_ path: EntryPath) throws(FileError) -> Bool {
        do throws(FileError) {
            _ = try upper.descriptor.openDirectory(beneath: path.parent).status(of: path.name)
            return true
        } catch  where error.errno == .noEntry {
            return false
        }
    }

    /// As Docker compares directories: everything but times and sizes, which follow from what is in them.
    private func hasEqualMetadata(_ left: FileStatus, _ right: FileStatus) -> Bool {
        let wanted = onHost(right.metadata)
        return left.mode == wanted.mode && left.uid == wanted.uid && left.gid == wanted.gid
    }

    /// What an entry of the image has for the host.
    private func onHost(_ metadata: EntryMetadata) -> EntryMetadata {
        guard let mapping else { return metadata }
        var result = metadata
        result.uid = mapping.outside(of: metadata.uid) ?? metadata.uid
        result.gid = mapping.outside(of: metadata.gid) ?? metadata.gid
        return result
    }

    private func isEqual(_ entry: WalkedEntry, _ original: LayerStack.Entry) throws(FileError) -> Bool {
        let (left, right) = (entry.status, original.status)
        guard left.kind == right.kind, left.metadata == onHost(right.metadata), left.sizeBytes == right.sizeBytes,
            left.deviceMajor == right.deviceMajor, left.deviceMinor == right.deviceMinor
        else { return false }
        let parent = try upper.descriptor.openDirectory(beneath: entry.path.parent)
        let attributes = try parent.extendedAttributes(of: entry.path.name).filter {
            !OverlayForm.isReserved($0.name)
        }
        let others = try original.parent.descriptor.extendedAttributes(of: original.name).filter {
            !OverlayForm.isReserved($0.name)
        }
        guard attributes == others else { return false }
        switch left.kind {
        case .symbolicLink:
            return try parent.readLink(entry.path.name) == original.parent.descriptor.readLink(original.name)
        case .file:
            let file = try parent.openFile(entry.path.name, for: .reading)
            return try file.hasSameContent(as: try original.parent.descriptor.openFile(original.name, for: .reading))
        default: return true
        }
    }
}
