internal import StorageModel

/// Collects entries and frame records in the order of the stream and turns them into the table's frames.
///
/// Memory: the compressed chunks, about 60 bytes an entry.
struct TableBuilder: ~Copyable {
    private struct Open {
        var encoder = TableEncoder()
        var count: UInt64 = 0
        var firstPath = EntryPath.root
        var firstFrameOffset: UInt64 = 0
    }

    /// A finished chunk: its skippable frame and what the index says of it (the offset still missing).
    private struct Sealed {
        let frame: [UInt8]
        var chunk: ArchiveIndex.Chunk
    }

    private var openEntries = Open()
    private var openFrames = Open()
    private var coder = TableEntryCoder()
    private var sealedEntries: [Sealed] = []
    private var sealedFrames: [Sealed] = []
    private var compressor: FrameEncoder
    private(set) var entryCount: UInt64 = 0
    private(set) var frameCount: UInt64 = 0
    private(set) var rawBytes: UInt64 = 0
    private(set) var sourceBytes: UInt64 = 0
    private(set) var changedEntries: UInt64 = 0

    init() throws(StorageError) { compressor = try FrameEncoder(level: 3) }

    mutating func add(_ entry: TableEntry) throws(StorageError) {
        if openEntries.count == 0 { openEntries.firstPath = entry.path }
        coder.encode(entry, to: &openEntries.encoder)
        openEntries.count += 1
        entryCount += 1
        sourceBytes += entry.sizeBytes
        if entry.changedDuringRead { changedEntries += 1 }
        let isFull = openEntries.count == TableChunk.entriesPerChunk
        if isFull || openEntries.encoder.bytes.count >= TableChunk.softLimitBytes { try sealEntries() }
    }

    /// - Parameter offset: where the frame's padding begins, or the frame itself if it has none.
    mutating func add(_ frame: FrameRecord, at offset: UInt64) throws(StorageError) {
        if openFrames.count == 0 { openFrames.firstFrameOffset = offset }
        frame.encode(to: &openFrames.encoder)
        openFrames.count += 1
        frameCount += 1
        rawBytes += frame.rawBytes
        if openFrames.count == TableChunk.framesPerChunk { try sealFrames() }
    }

    private mutating func sealEntries() throws(StorageError) {
        if openEntries.count == 0 { return }
        sealedEntries.append(try seal(openEntries, tag: TableChunk.entries))
        openEntries = Open()
        coder = TableEntryCoder()
    }

    private mutating func sealFrames() throws(StorageError) {
        if openFrames.count == 0 { return }
        sealedFrames.append(try seal(openFrames, tag: TableChunk.frames))
        openFrames = Open()
    }

    private mutating func seal(_ open: Open, tag: [UInt8]) throws(StorageError) -> Sealed {
        let (frame, digest) = try pack(open.encoder.bytes, tag: tag)
        return Sealed(
            frame: frame,
            chunk: ArchiveIndex.Chunk(
                offset: 0, lengthBytes: UInt64(frame.count), rawBytes: UInt64(open.encoder.bytes.count),
                count: open.count, firstPath: open.firstPath, firstFrameOffset: open.firstFrameOffset, digest: digest))
    }

    private mutating func pack(_ raw: [UInt8], tag: [UInt8]) throws(StorageError) -> (frame: [UInt8], digest: Digest) {
        let payload = tag + (try raw.withBytes { (bytes) throws(StorageError) in try compressor.compress(bytes) })
        return (
            SkippableFrame.make(variant: SkippableFrame.tableVariant, payload: payload), ContentHasher.digest(payload)
        )
    }

    /// What was added since the last call, for a journal.
    ///
    /// - Parameter place: where the last call ended.
    func additions(since place: inout TablePlace) -> [TableAddition] {
        Self.additions(sealedFrames, openFrames, ofFrames: true, since: &place.frames)
            + Self.additions(sealedEntries, openEntries, ofFrames: false, since: &place.entries)
    }

    private static func additions(
        _ sealed: [Sealed], _ open: Open, ofFrames: Bool, since place: inout TablePlace.Run
    ) -> [TableAddition] {
        var result = sealed[place.sealed...].map { sealed in
            TableAddition(
                isOfFrames: ofFrames, isSealed: true, count: sealed.chunk.count, rawBytes: sealed.chunk.rawBytes,
                bytes: sealed.frame)
        }
        if !result.isEmpty { place = TablePlace.Run(sealed: sealed.count) }
        if open.count > place.open {
            let bytes = Array(open.encoder.bytes[place.openBytes...])
            result.append(
                TableAddition(
                    isOfFrames: ofFrames, isSealed: false, count: open.count - place.open,
                    rawBytes: UInt64(bytes.count), bytes: bytes))
            (place.open, place.openBytes) = (open.count, open.encoder.bytes.count)
        }
        return result
    }

    /// Ends the table.
    ///
    /// - Parameter offset: where the data frames end and the table's first frame will lie.
    /// - Returns: the table's frames in the order of the file, the footer last, and the digest of the index.
    mutating func finish(
        at offset: UInt64, origin: ArchiveOrigin, skippedEntries: UInt64
    ) throws(StorageError) -> (frames: [[UInt8]], tableDigest: Digest) {
        try sealEntries()
        try sealFrames()
        var position = offset
        var frames: [[UInt8]] = []
        for index in sealedEntries.indices {
            sealedEntries[index].chunk.offset = position
            position += UInt64(sealedEntries[index].frame.count)
            frames.append(sealedEntries[index].frame)
        }
        for index in sealedFrames.indices {
            sealedFrames[index].chunk.offset = position
            position += UInt64(sealedFrames[index].frame.count)
            frames.append(sealedFrames[index].frame)
        }
        let index = ArchiveIndex(
            origin: origin, entries: entryCount, frames: frameCount, sourceBytes: sourceBytes, rawBytes: rawBytes,
            changedEntries: changedEntries, skippedEntries: skippedEntries, entryChunks: sealedEntries.map(\.chunk),
            frameChunks: sealedFrames.map(\.chunk))
        let raw = index.encoded()
        let (frame, digest) = try pack(raw, tag: TableChunk.index)
        frames.append(frame)
        let footer = ArchiveFooter(
            dataEndOffset: offset, indexOffset: position, indexLengthBytes: UInt64(frame.count),
            indexRawBytes: UInt64(raw.count), indexDigest: digest)
        frames.append(footer.encodedFrame())
        return (frames, digest)
    }
}
