package import Archive
package import FileTree
package import StorageModel

/// Extracts an archive, or a part of it, into a directory that is already open.
package struct Extraction: Sendable {
    package struct Outcome: Sendable {
        package let entries: UInt64
        package let bytes: UInt64
        package var skipped: [EntryNotice]
        /// What the archive says of its source, where it has a table.
        package let origin: ArchiveOrigin?
        package let hasRoot: Bool
    }

    private let archive: OpenedArchive
    private let request: RestoreRequest
    private let checkpoint: Checkpoint

    package init(_ archive: OpenedArchive, _ request: RestoreRequest, checkpoint: Checkpoint) {
        self.archive = archive
        self.request = request
        self.checkpoint = checkpoint
    }

    /// Puts the entries below `target`. Does not sync.
    ///
    /// - Parameter merges: whether the target may hold entries already.
    /// - Throws: at the first failure; what was made until then is the caller's to discard.
    package func run(into target: SharedDescriptor, merges: Bool) throws(StorageError) -> Outcome {
        if merges { try proveWhole() }
        checkpoint.progress.begin(
            "restoring", totalEntries: archive.file?.index.entries, totalBytes: archive.file?.index.sourceBytes)
        if let file = archive.file, !request.paths.isEmpty {
            try refuseMissingPaths(in: file)
            let feed = try SelectedFeed(file, paths: request.paths)
            return try extract(feed, into: target, merges, file.index.origin, aliases: feed.aliases)
        }
        let feed = try archive.feed(threads: threads, checkpoint: checkpoint)
        defer { feed.finish() }
        return try extract(feed, into: target, merges, archive.file?.index.origin)
    }

    /// What is merged is seen while it is written: before that an encrypted archive must be proved the one that was written,
    /// to its end. From a pipe it cannot be, for that is read once.
    private func proveWhole() throws(StorageError) {
        guard archive.isEndProved else {
            throw StorageError(
                .conflict, object: archive.name,
                "an encrypted archive that can only be read in order cannot be restored in place",
                hint: "save it to a file, not armored, and restore that, or restore into a new target")
        }
        try archive.proveContent(checkpoint)
    }

    private func makeWriteback(_ target: SharedDescriptor) throws(StorageError) -> EarlyWriteback? {
        guard request.isDurable else { return nil }
        do throws(FileError) {
            return try EarlyWriteback(target.descriptor)
        } catch {
            throw StorageError(error, doing: "restore into the target", object: request.target.description)
        }
    }

    private var threads: Int { request.threads ?? WorkerPool.defaultThreads }

    private func refuseMissingPaths(in file: ArchiveFile) throws(StorageError) {
        for path in request.paths where try file.entry(at: path) == nil {
            throw ArchiveQueries.missing(path, archive.name)
        }
    }

    private func extract(
        _ feed: any ByteFeed, into target: SharedDescriptor, _ merges: Bool, _ origin: ArchiveOrigin?,
        aliases: [EntryPath: EntryPath] = [:]
    ) throws(StorageError) -> Outcome {
        var policy = ExtractionPolicy(merges: merges, isPrivileged: Host.isPrivileged, paths: request.paths)
        policy.aliases = aliases
        var reader = TarReader(feed, limits: ArchiveLimits())
        let writeback = try makeWriteback(target)
        defer { writeback?.finish() }
        let extractor = try TreeExtractor(
            root: target, policy: policy, threads: threads, checkpoint: checkpoint, writeback: writeback)
        let outcome = try extractor.extract(&reader)
        guard outcome.isComplete else {
            throw StorageError(
                .truncated, object: archive.name,
                "'\(archive.name.printable())' was cut off: it ends without the end of its tar stream",
                hint: "what it holds can be restored with --merge; take another copy for the rest")
        }
        if outcome.entries == 0 && !request.paths.isEmpty {
            throw ArchiveQueries.missing(request.paths[0], archive.name)
        }
        // A stream tells its origin at its end only.
        try reader.drain()
        if let feed = feed as? TarFeed { try archive.proveEnd(&reader, feed) }
        let tail = (feed as? TarFeed)?.tail
        if let index = archive.file?.index ?? tail?.index, request.paths.isEmpty, index.entries != outcome.entries {
            throw StorageError(
                .damaged, object: archive.name,
                "'\(archive.name.printable())' has \(outcome.entries) entries, its table says \(index.entries)",
                hint: "run holdfast backup verify")
        }
        return Outcome(
            entries: outcome.entries, bytes: outcome.bytes, skipped: outcome.skipped,
            origin: origin ?? tail?.index?.origin, hasRoot: outcome.hasRoot)
    }
}
