package import StorageModel

/// Copies trees with everything they have: content (shared where the file system can), holes, hard links, owners,
/// attributes with ACLs and capabilities, modes with set-id bits, devices, fifos, and times to the nanosecond.
package enum TreeCopy {
    package struct Options: Sendable {
        /// Whom the copies belong to, if owners are kept.
        package var owners = OwnerTranslation.same
        /// What of the source is entered.
        package var walk = OrderedWalk.Options()
        /// Whether what cannot be read is left out and reported; otherwise it ends the copy
        /// (``StorageModel/StorageError/Code/damaged``).
        package var skipsUnreadable = true
        package var threads = WorkerPool.defaultThreads
        /// Whether a file whose blocks cannot be shared ends the copy (`EOPNOTSUPP`), instead of being written again.
        package var requiresReflink = false
        /// Whether it is noted of each copy what its original was (``Report/originals``).
        package var notesOriginals = false
        /// Told of what is written, if the copy is to be synced.
        package var writeback: EarlyWriteback?

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
        /// What the originals were, if that was asked for; without those that changed while they were copied.
        package var originals: [OriginalEntry] = []

        package init() {}

        mutating func add(_ other: Report) {
            entries += other.entries
            copiedBytes += other.copiedBytes
            reflinkedFiles += other.reflinkedFiles
            skipped += other.skipped
            changed += other.changed
            originals += other.originals
        }
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
        let tree: TreeSource
        do throws(FileError) { tree = try TreeSource(source) } catch {
            throw StorageError(error, doing: "copy a tree", object: error.path)
        }
        return try copy(tree, to: target, ownership: ownership, options: options, checkpoint: checkpoint)
    }

    /// As ``copy(_:to:ownership:options:checkpoint:)-(Descriptor,_,_,_,_)`` of what several trees are together.
    package static func copy(
        _ source: TreeSource, to target: borrowing Descriptor, ownership: Bool, options: Options = Options(),
        checkpoint: Checkpoint
    ) throws(StorageError) -> Report {
        let job: CopyJob
        do throws(FileError) {
            job = try CopyJob(source, to: target, ownership: ownership, options: options, checkpoint: checkpoint)
        } catch {
            throw StorageError(error, doing: "copy a tree", object: error.path)
        }
        return try TreeCopier(job).run()
    }

    /// Copies one entry that is not a directory to the directory `target`, under its own name.
    package static func copyEntry(
        _ name: [UInt8], of source: borrowing Descriptor, to target: borrowing Descriptor, ownership: Bool,
        options: Options = Options(), checkpoint: Checkpoint
    ) throws(StorageError) -> Report {
        let copier: EntryCopier
        let kind: EntryKind
        do throws(FileError) {
            copier = EntryCopier(
                try CopyJob(
                    try TreeSource(source), to: target, ownership: ownership, options: options, checkpoint: checkpoint))
            kind = try source.status(of: name).kind
        } catch {
            throw StorageError(error, doing: "copy '\(error.path)'", object: error.path)
        }
        return try copier.copyAlone(name, kind: kind)
    }
}
