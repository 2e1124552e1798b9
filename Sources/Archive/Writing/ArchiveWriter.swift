package import StorageModel

/// Lays encoded frames out in the file: alignment, table, footer, seek table. Called by one thread.
///
/// A crash or an interruption leaves a prefix of whole frames, which is a readable tar stream without a table.
package struct ArchiveWriter: ~Copyable {
    private var sink: any ArchiveSink
    private var offset: UInt64 = 0
    private var seekTable = SeekTable()
    private var table: TableBuilder
    /// The large file whose payload frames are being written.
    private var large: (entry: TableEntry, digests: ContentHasher)?

    package init(_ sink: any ArchiveSink) throws(StorageError) {
        self.sink = sink
        table = try TableBuilder()
    }

    mutating func append(_ frame: EncodedFrame) throws(StorageError) {
        let padding =
            frame.compressed.count >= FrameLimits.alignedFromBytes ? SkippableFrame.padding(at: offset) : []
        let start = offset
        if !padding.isEmpty { try put(padding, rawBytes: 0) }
        let ordinal = table.frameCount
        try put(frame.compressed, rawBytes: frame.rawBytes)
        try table.add(
            FrameRecord(
                kind: frame.kind, paddingBytes: UInt64(padding.count), compressedBytes: UInt64(frame.compressed.count),
                rawBytes: frame.rawBytes, digest: frame.digest, checksum: frame.checksum),
            at: start)
        for var entry in frame.entries {
            entry.headerFrame = ordinal
            if entry.isInPayloadFrames {
                large = (entry, ContentHasher())
            } else {
                try table.add(entry)
            }
        }
        if frame.kind == .payload { try take(payload: frame) }
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
    package mutating func finish(
        origin: ArchiveOrigin, skippedEntries: UInt64
    ) throws(StorageError) -> ArchiveTotals {
        let (frames, digest) = try table.finish(at: offset, origin: origin, skippedEntries: skippedEntries)
        for frame in frames { try put(frame, rawBytes: 0) }
        let seek = seekTable.encodedFrame()
        try put(seek, rawBytes: 0)
        return ArchiveTotals(
            archiveBytes: offset, entries: table.entryCount, frames: table.frameCount, sourceBytes: table.sourceBytes,
            tableDigest: digest)
    }

    private mutating func put(_ bytes: [UInt8], rawBytes: UInt64) throws(StorageError) {
        try bytes.withBytes { (buffer) throws(StorageError) in try sink.write(buffer) }
        offset += UInt64(bytes.count)
        seekTable.add(compressedBytes: UInt64(bytes.count), rawBytes: rawBytes)
    }
}

/// What an archive came to.
package struct ArchiveTotals: Hashable, Sendable {
    package var archiveBytes: UInt64
    package let entries: UInt64
    package let frames: UInt64
    package let sourceBytes: UInt64
    package let tableDigest: Digest
}
