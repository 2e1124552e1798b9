package import FileTree
package import StorageModel

/// Writes a tree on disk as an archive: one thread walks, one plans, several read, hash and compress, one writes.
///
/// Memory: bounded by the threads, a few frames each, plus the table of contents (about 60 bytes an entry) and the listings of
/// the directories on the way down. A file that changes while it is read never aborts the archive; see ``Outcome``.
package enum TreeArchiver {
    package struct Options: Sendable {
        package var level: Int
        package var threads: Int
        /// From which archive what is unchanged is taken.
        package var reuse: ArchiveReuse?
        /// Whether it is kept for every entry why it was read.
        package var keepsReasons = false
        /// What the tree is a copy of, if it is one: the table tells of the originals.
        package var originals: OriginalEntries?
        /// How fast files are read.
        package var readPace = Pace.unlimited

        package init(level: Int, threads: Int) {
            self.level = level
            self.threads = threads
        }
    }

    package struct Outcome: Sendable {
        package var totals: ArchiveTotals
        package let changed: [EntryNotice]
        package let skipped: [EntryNotice]
        /// Read again and found to be other than the previous archive has, though nothing says that they changed.
        package let altered: [EntryNotice]
        /// Why entries were read, if that was asked for.
        package let reasons: [EntryNotice]
    }

    /// - Parameters:
    ///   - root: the directory whose content becomes the archive, itself the entry `./`.
    ///   - journal: is told what was written, for a run after this one if this one is interrupted.
    ///   - observe: told of every entry as the walk comes to it, on a thread of its own.
    ///   - seal: called when everything was read, before the table is written.
    /// - Throws: what the sink throws, ``StorageError/interrupted``, or a failure to read the root itself.
    package static func archive(
        _ root: SharedDescriptor, to sink: any ArchiveSink, origin: ArchiveOrigin, options: Options,
        journal: RunJournal? = nil, checkpoint: Checkpoint,
        observe: @escaping @Sendable (WalkedEntry) -> Void = { _ in },
        seal: (inout ArchiveOrigin) -> Void = { _ in }
    ) throws(StorageError) -> Outcome {
        let notices = NoticeList(keepsReasons: options.keepsReasons)
        let (level, reuse, pace, sliceKey) = (options.level, options.reuse, options.readPace, origin.sliceKey)
        let pipeline = OrderedPipeline<ArchiveJob, [EncodedFrame]>(
            threads: options.threads, depth: options.threads * 3 + 2
        ) { () throws(StorageError) in
            let worker = try ArchiveWorker(
                root: root, level: level, sliceKey: sliceKey, reuse: reuse, notices: notices, pace: pace,
                checkpoint: checkpoint)
            return { (job) throws(StorageError) in try worker.perform(job) }
        }
        let planning = WorkerPool(threads: 1)
        planning.submit {
            do throws(StorageError) {
                _ = try plan(root, notices, reuse, nil, checkpoint, observe) { (job) throws(StorageError) in
                    try pipeline.submit(job)
                }
            } catch {
                pipeline.fail(error)
            }
            pipeline.close()
        }
        do throws(StorageError) {
            var writer = try ArchiveWriter(
                sink, previous: reuse?.archive, journal: journal, originals: options.originals)
            do throws(StorageError) {
                while let frames = try pipeline.next() {
                    for frame in frames { try writer.append(frame) }
                }
            } catch {
                if error.code == .interrupted { writer.leave() }
                throw error
            }
            planning.finish()
            pipeline.finish()
            let skipped = notices.skipped
            var origin = origin
            seal(&origin)
            let totals = try writer.finish(origin: origin, skippedEntries: UInt64(skipped.count { !$0.isOfSocket }))
            return Outcome(
                totals: totals, changed: notices.changed, skipped: skipped, altered: notices.altered,
                reasons: notices.reasons)
        } catch {
            pipeline.fail(error)
            planning.finish()
            pipeline.finish()
            throw error
        }
    }

    /// Whether the tree is just what the previous archive has, sockets apart, which no archive has.
    ///
    /// Cost: a walk, up to the first difference; and reading what was too young to be trusted when the archive was made, as
    /// long as it is little (``ContentProof``).
    package static func isUnchanged(
        _ root: SharedDescriptor, since reuse: ArchiveReuse, checkpoint: Checkpoint
    ) throws(StorageError) -> Bool {
        let notices = NoticeList()
        do throws(StorageError) {
            let proof = try ContentProof(root, reuse.archive)
            let isUnchanged = try plan(root, notices, reuse, proof, checkpoint, { _ in }) {
                (job) throws(StorageError) in
                if job.reads { throw .interrupted }
            }
            return isUnchanged && notices.skipped.allSatisfy(\.isOfSocket)
        } catch {
            if error.code == .interrupted, !checkpoint.interruption.isRequested { return false }
            throw error
        }
    }

    /// - Returns: whether the tree is as the previous archive has it.
    private static func plan(
        _ root: SharedDescriptor, _ notices: NoticeList, _ reuse: ArchiveReuse?, _ proof: ContentProof?,
        _ checkpoint: Checkpoint, _ observe: (WalkedEntry) -> Void,
        submit: @escaping (ArchiveJob) throws(StorageError) -> Void
    ) throws(StorageError) -> Bool {
        var planner = ArchivePlanner(root: root, notices: notices, reuse: reuse, proof: proof, submit: submit)
        var rootFailure: FileError?
        try OrderedWalk.forEachAhead(root) { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            observe(entry)
            try planner.add(entry)
        } onError: { path, error in
            if path.isRoot { rootFailure = error }
            notices.addSkipped(path, "cannot be listed: \(error.errno)")
        }
        if let rootFailure { throw StorageError(rootFailure, doing: "read the source", object: "") }
        try planner.finish()
        return try planner.isUnchanged()
    }
}
