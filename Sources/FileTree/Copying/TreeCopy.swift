package import StorageModel

/// Copies trees with everything they have: content (shared where the file system can), holes, hard links, owners,
/// attributes with ACLs and capabilities, modes with set-id bits, devices, fifos, and times to the nanosecond.
package enum TreeCopy {
    package struct Options: Sendable {
        /// Whom the copies belong to, if owners are kept.
        package var owners = OwnerTranslation.same
        /// What of the source is entered.
        package var walk = OrderedWalk.Options()

        package init() {}
    }

    package struct Report: Sendable {
        package var entries: UInt64 = 0
        /// The size of files whose content was written again; hard links once.
        package var copiedBytes: UInt64 = 0
        package var reflinkedFiles: UInt64 = 0
        /// Sockets, what could not be read, and attributes that the target does not take.
        package var skipped: [EntryNotice] = []
        /// Files that were written while they were copied: the copy may be a mixture.
        package var changed: [EntryNotice] = []

        package init() {}
    }

    /// Copies the content of `source`, and the metadata of `source` itself, to the empty directory `target`.
    ///
    /// Other file systems mounted in the source are not entered; their mount points become empty directories. A source
    /// entry that vanishes is not copied, one that cannot be read is reported. Cost is proportional to the tree.
    /// - Parameter ownership: whether owners are kept; only root can.
    /// - Throws: the first failure to write, or ``StorageError/interrupted``. What was copied until then stays; the
    ///   caller owns the target and discards it. Nothing is synced.
    package static func copy(
        _ source: borrowing Descriptor, to target: borrowing Descriptor, ownership: Bool,
        options: Options = Options(), checkpoint: Checkpoint
    ) throws(StorageError) -> Report {
        let copier: TreeCopier
        let walk: OrderedWalk
        do throws(FileError) {
            copier = TreeCopier(
                try source.duplicate(), try target.duplicate(), ownership: ownership, owners: options.owners)
            walk = try OrderedWalk(root: source, options: options.walk)
        } catch {
            throw StorageError(error, doing: "copy a tree", object: error.path)
        }
        var unreadable: [EntryNotice] = []
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            try copier.copy(entry)
            checkpoint.progress.advance(entries: 1, bytes: entry.status.kind == .file ? entry.status.sizeBytes : 0)
        } onError: { path, error in
            unreadable.append(EntryNotice(path: path, reason: "cannot be read: \(error.errno)"))
        }
        try copier.finishDirectories()
        var report = copier.report
        report.skipped += unreadable
        return report
    }

    /// Copies one entry that is not a directory to the directory `target`, under its own name.
    package static func copyEntry(
        _ name: [UInt8], of source: borrowing Descriptor, to target: borrowing Descriptor, ownership: Bool,
        options: Options = Options(), checkpoint: Checkpoint
    ) throws(StorageError) -> Report {
        let copier: TreeCopier
        let status: FileStatus
        do throws(FileError) {
            copier = TreeCopier(
                try source.duplicate(), try target.duplicate(), ownership: ownership, owners: options.owners)
            status = try source.status(of: name)
        } catch {
            throw StorageError(error, doing: "copy '\(error.path)'", object: error.path)
        }
        try copier.copy(WalkedEntry(path: EntryPath(trusted: name), status: status))
        checkpoint.progress.advance(entries: 1, bytes: status.kind == .file ? status.sizeBytes : 0)
        return copier.report
    }
}
