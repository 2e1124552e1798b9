internal import FileTree
internal import StorageModel

/// A copy of a tree that shares all its blocks: made in an instant, and left alone by whoever changes the original.
struct TreeClone {
    let area: CloneArea
    /// Its root, to be read.
    let root: SharedDescriptor
    /// What is not in it, such as sockets.
    let skipped: [EntryNotice]
    /// What its entries are copies of; `nil` if they have all that the originals have.
    var originals: [OriginalEntry]?
    /// What is to be said of it.
    var notice: String?

    /// Makes the clone; of a subvolume of btrfs, a snapshot.
    static func make(of root: borrowing Descriptor, in area: CloneArea, checkpoint: Checkpoint) throws(StorageError)
        -> TreeClone
    {
        guard isSubvolume(root) else { return try cloneFiles(of: root, in: area, checkpoint) }
        guard !hasNested(root) else {
            var clone = try cloneFiles(of: root, in: area, checkpoint)
            clone.notice =
                "other subvolumes lie in the data: it was cloned file by file, and they are left out as other file systems are"
            return clone
        }
        do throws(FileError) {
            let directory = try area.directory
            try Subvolume.snapshot(root, Subvolume.snapshotName, in: directory.descriptor)
            let snapshot = try directory.descriptor.openDirectory(Subvolume.snapshotName)
            return TreeClone(area: area, root: SharedDescriptor(snapshot), skipped: [], originals: nil)
        } catch {
            return try cloneFiles(of: root, in: area, checkpoint)
        }
    }

    private static func isSubvolume(_ root: borrowing Descriptor) -> Bool { (try? Subvolume.isRoot(root)) == true }

    /// What cannot be asked is taken for the harder case.
    private static func hasNested(_ root: borrowing Descriptor) -> Bool { (try? Subvolume.hasNested(root)) ?? true }

    /// Every file is cloned in one step (`FICLONE`, ioctl_ficlonerange(2)), with all that was written to it before; a file that
    /// is written meanwhile is whole, as it was at one moment.
    /// - Throws: if only one file cannot be cloned. The area is the caller's to discard.
    private static func cloneFiles(
        of root: borrowing Descriptor, in area: CloneArea, _ checkpoint: Checkpoint
    ) throws(StorageError) -> TreeClone {
        let target = try Self.attempt { () throws(FileError) in try area.openContent() }
        var options = TreeCopy.Options()
        options.requiresReflink = true
        options.notesOriginals = true
        // The progress is that of the archive.
        let report = try TreeCopy.copy(
            root, to: target.descriptor, ownership: true, options: options,
            checkpoint: Checkpoint(interruption: checkpoint.interruption))
        return TreeClone(
            area: area, root: target, skipped: report.skipped, originals: report.originals)
    }

    /// Why the tree cannot be cloned into the area; `nil` if it can, as far as one file tells.
    static func obstacle(to root: borrowing Descriptor, in area: CloneArea) -> FileError? {
        if isSubvolume(root) && !hasNested(root) { return nil }
        do throws(FileError) {
            let directory = try area.directory
            let probe = Array("probe".utf8)
            guard let sample = try firstFile(of: root) else { return nil }
            let target = try directory.descriptor.createFile(probe)
            defer { try? directory.descriptor.remove(probe) }
            var sharesBlocks = true
            _ = try target.copyContent(
                of: sample.descriptor, status: try sample.descriptor.status(), sharesBlocks: &sharesBlocks,
                requiresSharing: true)
            return nil
        } catch {
            return error
        }
    }

    /// A file of the tree with something in it, if there is one among the first entries.
    private static func firstFile(of root: borrowing Descriptor) throws(FileError) -> SharedDescriptor? {
        var found: EntryPath?
        var seen = 0
        do throws(StorageError) {
            let walk: OrderedWalk
            do throws(FileError) { walk = try OrderedWalk(root: root, options: OrderedWalk.Options()) } catch {
                throw StorageError.interrupted
            }
            try walk.forEach { (entry) throws(StorageError) in
                seen += 1
                if entry.status.kind == .file && entry.status.sizeBytes > 0 { found = entry.path }
                if found != nil || seen > 4096 { throw .interrupted }
            } onError: { _, _ in
            }
        } catch {}
        guard let found else { return nil }
        return SharedDescriptor(
            try root.openDirectory(beneath: found.parent).openFile(found.name, for: .reading))
    }

    private static func attempt<Result: ~Copyable>(
        _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch {
            throw StorageError(error, doing: "clone the data", object: error.path)
        }
    }
}
