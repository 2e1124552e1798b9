package import FileTree
package import StorageModel

/// Turns a tar stream into a tree: one thread reads headers, several make files.
///
/// While the names ascend, as in every archive of Holdfast's, no two entries can be the same and files are made in
/// parallel. From the first name that does not, each entry waits for the one before, so that of two entries of the same
/// name the later one wins, as with every tar. Directories get their owner, mode and times last, deepest first.
package struct TreeExtractor: ~Copyable {
    package struct Outcome: Sendable {
        package var entries: UInt64 = 0
        package var bytes: UInt64 = 0
        package var skipped: [EntryNotice] = []
        /// Whether the archive had an entry for its root, whose metadata was then set.
        package var hasRoot = false
        /// Whether the stream was ended properly.
        package var isComplete = false
    }

    private let target: ExtractionTarget
    private let checkpoint: Checkpoint
    private let writeback: EarlyWriteback?
    private let jobs: JobGroup
    private let maker: EntryMaker
    private var batch: [BatchedEntry] = []
    private var batchBytes = 0
    private var directories: [EntryPath: TarEntry] = [:]
    private var hardLinks: [TarEntry] = []
    private var lastPath: EntryPath?
    private var isOrdered = true
    private var outcome = Outcome()

    private static let batchLimitBytes = 1 << 20
    private static let batchLimitEntries = 256

    /// - Parameter writeback: told of what is written, if the result is to be synced.
    package init(
        root: SharedDescriptor, policy: ExtractionPolicy, threads: Int, checkpoint: Checkpoint,
        writeback: EarlyWriteback? = nil
    ) throws(StorageError) {
        self.writeback = writeback
        do throws(FileError) {
            target = try ExtractionTarget(root: root, policy: policy)
        } catch {
            throw StorageError(error, doing: "look at the target", object: "")
        }
        self.checkpoint = checkpoint
        jobs = JobGroup(threads: threads, depth: threads * 3 + 2)
        maker = EntryMaker(target)
    }

    /// Extracts everything that `reader` yields.
    ///
    /// - Throws: the first failure. What was extracted until then stays; the caller owns the target and discards it.
    package consuming func extract(_ reader: inout TarReader) throws(StorageError) -> Outcome {
        let group = jobs
        defer { group.finish() }
        while var entry = try reader.nextEntry() {
            try checkpoint.interruption.check()
            if let alias = target.policy.aliases[entry.path] { entry.path = alias }
            if entry.kind == .hardLink, let alias = target.policy.aliases[EntryPath(trusted: entry.linkTarget)] {
                entry.linkTarget = alias.bytes
            }
            guard
                target.policy.selects(entry.path)
                    || entry.kind == .directory && target.policy.leadsToSelection(entry.path)
            else {
                continue
            }
            entry.metadata = target.policy.owners(entry.metadata)
            try noteOrder(entry.path)
            try take(entry, &reader)
            outcome.entries += 1
            checkpoint.progress.advance(entries: 1, bytes: entry.storedBytes)
            writeback?.note(entry.storedBytes + 256)
        }
        try flush()
        try jobs.drain()
        for link in hardLinks { try makeHardLink(link) }
        try finishDirectories()
        outcome.skipped = target.notices.skipped
        outcome.isComplete = reader.sawEndOfArchive
        return outcome
    }

    private mutating func noteOrder(_ path: EntryPath) throws(StorageError) {
        if let lastPath, isOrdered, path <= lastPath {
            isOrdered = false
            try flush()
            try jobs.drain()
            let links = hardLinks
            hardLinks = []
            for link in links { try makeHardLink(link) }
        }
        lastPath = path
    }

    private mutating func take(_ entry: TarEntry, _ reader: inout TarReader) throws(StorageError) {
        switch entry.kind {
        case .directory:
            if entry.path.isRoot { outcome.hasRoot = true }
            try maker.makeDirectory(entry)
            directories[entry.path] = entry
        case .hardLink:
            if isOrdered { hardLinks.append(entry) } else { try makeHardLink(entry) }
        case .file where entry.storedBytes >= Chunking.largeFromBytes: try takeLarge(entry, &reader)
        default:
            var slices: [ByteSlice] = []
            while let slice = try reader.nextData() { slices.append(slice) }
            outcome.bytes += entry.storedBytes
            batch.append(BatchedEntry(entry: entry, data: slices))
            batchBytes += Int(entry.storedBytes) + 512
            if batchBytes >= Self.batchLimitBytes || batch.count >= Self.batchLimitEntries || !isOrdered { try flush() }
            if !isOrdered { try jobs.drain() }
        }
    }

    private mutating func makeHardLink(_ entry: TarEntry) throws(StorageError) {
        do throws(StorageError) {
            if !isOrdered { try maker.removeExisting(entry.path) }
            try maker.makeHardLink(entry)
        } catch  where !target.policy.paths.isEmpty && error.errno == .noEntry {
            let linked = EntryPath(trusted: entry.linkTarget).description.printable()
            target.notices.addSkipped(
                entry.path, "hard link to '\(linked)', which was not selected: restore that path too")
        }
    }

    /// The deepest first: without root, what one directory's mode forbids would be in the way of those below it.
    private func finishDirectories() throws(StorageError) {
        let levels = Dictionary(grouping: directories.values) { $0.path.depth }.sorted { $0.key > $1.key }
        for (_, level) in levels {
            for start in stride(from: 0, to: level.count, by: Self.batchLimitEntries) {
                let batch = level[start..<min(start + Self.batchLimitEntries, level.count)]
                let target = target
                try jobs.submit { () throws(StorageError) in
                    let maker = EntryMaker(target)
                    for directory in batch { try maker.finishDirectory(directory) }
                }
            }
            try jobs.drain()
        }
    }

    private mutating func flush() throws(StorageError) {
        if batch.isEmpty { return }
        let (entries, target) = (batch, target)
        let replaces = !isOrdered
        let interruption = checkpoint.interruption
        try jobs.submit { () throws(StorageError) in
            let maker = EntryMaker(target)
            for item in entries {
                try interruption.check()
                if replaces { try maker.removeExisting(item.entry.path) }
                try item.make(maker)
            }
        }
        batch.removeAll(keepingCapacity: true)
        batchBytes = 0
    }

    /// A large file is written as its data arrives; the last slice to be written finishes it.
    private mutating func takeLarge(_ entry: TarEntry, _ reader: inout TarReader) throws(StorageError) {
        if !isOrdered { try maker.removeExisting(entry.path) }
        let file = try maker.createFile(entry)
        let sliced = SlicedFile(entry, file.descriptor)
        let target = target
        var position: UInt64 = 0
        while let slice = try reader.nextData() {
            let start = position
            position += UInt64(slice.count)
            outcome.bytes += UInt64(slice.count)
            try jobs.submit { () throws(StorageError) in
                guard try sliced.writeAndTellLast(slice, storedAt: start) else { return }
                try EntryMaker(target).finishFile(file, entry)
            }
        }
        if !isOrdered { try jobs.drain() }
    }
}

/// A small entry with its data, waiting for a thread.
private struct BatchedEntry: Sendable {
    let entry: TarEntry
    let data: [ByteSlice]

    func make(_ maker: EntryMaker) throws(StorageError) {
        guard entry.kind == .file else {
            try maker.makeSpecial(entry)
            return
        }
        let file = try maker.createFile(entry)
        var position: UInt64 = 0
        for slice in data {
            try entry.write(slice, storedAt: position, to: file.descriptor.descriptor)
            position += UInt64(slice.count)
        }
        try maker.finishFile(file, entry)
    }
}
