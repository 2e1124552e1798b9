package import StorageModel

/// Lays encoded frames out in the file: alignment, table, footer, seek table. Called by one thread.
///
/// A crash or an interruption leaves a prefix of whole frames, which is a readable tar stream without a table, and the next run
/// can take from it what the journal tells.
struct ArchiveWriter: ~Copyable {
    private var sink: any ArchiveSink
    private var offset: UInt64 = 0
    private var seekTable = SeekTable()
    private var table: TableBuilder
    /// The large file whose payload frames are being written.
    private var large: (entry: TableEntry, digests: ContentHasher)?
    private let previous: PreviousArchive?
    /// Bytes of the previous archive that are due to be copied; ``offset`` is behind them already.
    private var pending: Range<UInt64>?
    private var reusedFrames: UInt64 = 0
    private var reusedBytes: UInt64 = 0
    private var resumedFrames: UInt64 = 0
    private var resumedBytes: UInt64 = 0
    private var journal: RunJournal?
    private let originals: OriginalEntries?

    /// What is taken over is copied in runs of this size, while the walk goes on.
    private static let runBytes: UInt64 = 32 << 20

    /// - Parameters:
    ///   - journal: is told from time to time what was written.
    ///   - originals: what the entries are copies of, so that the table tells of the originals.
    init(
        _ sink: any ArchiveSink, previous: PreviousArchive? = nil, journal: RunJournal? = nil,
        originals: OriginalEntries? = nil
    ) throws(StorageError) {
        self.sink = sink
        (self.previous, self.journal, self.originals) = (previous, journal, originals)
        table = try TableBuilder()
    }

    mutating func append(_ frame: EncodedFrame) throws(StorageError) {
        let isAligned = frame.compressedBytes >= UInt64(FrameLimits.alignedFromBytes)
        let padding = isAligned ? SkippableFrame.padding(at: offset) : []
        let start = offset
        let ordinal = table.frameCount
        switch frame.content {
        case .bytes(let bytes):
            if !padding.isEmpty { try put(padding, rawBytes: 0) }
            try put(bytes, rawBytes: frame.rawBytes)
        case .stored(let stored): try take(stored, padding)
        }
        try table.add(
            FrameRecord(
                kind: frame.kind, paddingBytes: UInt64(padding.count), compressedBytes: frame.compressedBytes,
                rawBytes: frame.rawBytes, digest: frame.digest, checksum: frame.checksum, mark: frame.mark),
            at: start)
        for var entry in frame.entries {
            entry.headerFrame = ordinal
            originals?.restore(&entry)
            if entry.isInPayloadFrames {
                large = (entry, ContentHasher())
            } else {
                try table.add(entry)
            }
        }
        if frame.kind == .payload { try take(payload: frame) }
        var newBytes: UInt64 = 0
        if case .bytes = frame.content { newBytes = frame.compressedBytes }
        if journal?.isDue(after: newBytes, endsFile: frame.endsFile) == true { try noteProgress() }
    }

    private mutating func noteProgress() throws(StorageError) {
        try copyPending()
        journal?.note(table)
    }

    /// Notes what was written so far, as the run ends here before its time.
    mutating func leave() {
        guard let journal, journal.isWorthwhile else { return }
        // What cannot be written any more is missing from the file, and known to be by its size.
        try? copyPending()
        journal.note(table)
    }

    /// Lets frames that stand side by side in the previous archive, with the same padding between them, become one copy.
    private mutating func take(_ frame: PlacedFrame, _ padding: [UInt8]) throws(StorageError) {
        let end = frame.offset + frame.record.compressedBytes
        let continues =
            pending?.upperBound == frame.offset - frame.record.paddingBytes
            && frame.record.paddingBytes == UInt64(padding.count)
        if let run = pending, continues {
            if !padding.isEmpty { count(UInt64(padding.count), rawBytes: 0) }
            pending = run.lowerBound..<end
        } else {
            if !padding.isEmpty { try put(padding, rawBytes: 0) }
            try copyPending()
            pending = frame.offset..<end
        }
        if let run = pending, run.upperBound - run.lowerBound >= Self.runBytes { try copyPending() }
        count(frame.record.compressedBytes, rawBytes: frame.record.rawBytes)
        reusedFrames += 1
        reusedBytes += frame.record.compressedBytes
        guard previous?.isPartial(frame) == true else { return }
        resumedFrames += 1
        resumedBytes += frame.record.compressedBytes
    }

    private mutating func copyPending() throws(StorageError) {
        guard let run = pending, let previous else { return }
        pending = nil
        let (file, range) = previous.place(of: run)
        try sink.copy(range, of: file)
    }

    /// The digest of a large file is that of its slices' digests, one after the other.
    private mutating func take(payload frame: EncodedFrame) throws(StorageError) {
        guard var file = large else { preconditionFailure("a payload frame without a header before it") }
        file.digests.update(frame.digest.bytes)
        file.entry.changedDuringRead = file.entry.changedDuringRead || frame.isSuspect
        large = frame.endsFile ? nil : file
        guard frame.endsFile else { return }
        file.entry.digest = file.digests.finalize()
        try table.add(file.entry)
    }

    /// Writes everything behind the data frames.
    ///
    /// - Returns: the size of the whole archive, its entries, the bytes of its files, and the digest of its table.
    mutating func finish(
        origin: ArchiveOrigin, skippedEntries: UInt64
    ) throws(StorageError) -> ArchiveTotals {
        let (frames, digest) = try table.finish(at: offset, origin: origin, skippedEntries: skippedEntries)
        for frame in frames { try put(frame, rawBytes: 0) }
        let seek = seekTable.encodedFrame()
        try put(seek, rawBytes: 0)
        return ArchiveTotals(
            archiveBytes: offset, entries: table.entryCount, frames: table.frameCount, reusedFrames: reusedFrames,
            reusedBytes: reusedBytes, resumedFrames: resumedFrames, resumedBytes: resumedBytes,
            sourceBytes: table.sourceBytes, tableDigest: digest)
    }

    private mutating func put(_ bytes: [UInt8], rawBytes: UInt64) throws(StorageError) {
        try copyPending()
        try bytes.withBytes { (buffer) throws(StorageError) in try sink.write(buffer) }
        count(UInt64(bytes.count), rawBytes: rawBytes)
    }

    private mutating func count(_ bytes: UInt64, rawBytes: UInt64) {
        offset += bytes
        seekTable.add(compressedBytes: bytes, rawBytes: rawBytes)
    }
}

/// What an archive came to.
package struct ArchiveTotals: Hashable, Sendable {
    package var archiveBytes: UInt64
    package let entries: UInt64
    package let frames: UInt64
    /// How many of the frames were taken from the previous archive, and how many compressed bytes they have.
    package let reusedFrames: UInt64
    package let reusedBytes: UInt64
    /// How many of these come from a run that was interrupted.
    package let resumedFrames: UInt64
    package let resumedBytes: UInt64
    package let sourceBytes: UInt64
    package let tableDigest: Digest
}
