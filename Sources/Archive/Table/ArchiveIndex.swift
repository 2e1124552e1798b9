internal import StorageModel

/// The root of the table of contents: the archive's origin and totals, and where the chunks of the table lie.
package struct ArchiveIndex: Hashable, Sendable {
    /// A chunk of the table: a run of entries or of frame records.
    struct Chunk: Hashable, Sendable {
        /// Where its skippable frame begins in the file, and that frame's whole length.
        var offset: UInt64
        var lengthBytes: UInt64
        /// The chunk's size when decompressed.
        var rawBytes: UInt64
        /// How many entries or records it has.
        var count: UInt64
        /// The first entry's path; empty in chunks of frame records.
        var firstPath: EntryPath
        /// Where the first frame begins (its padding included); 0 in chunks of entries.
        var firstFrameOffset: UInt64
        /// SHA-256 of the skippable frame's payload.
        var digest: Digest
    }

    package static let version: UInt64 = 1
    /// With the archive's tags at the end. An archive without tags is of version 1, as all were before there were any.
    package static let taggedVersion: UInt64 = 2
    /// With the tags, however many, and behind them the key of the marks that its slices have.
    package static let markedVersion: UInt64 = 3

    package var origin: ArchiveOrigin
    package var entries: UInt64
    package var frames: UInt64
    package var sourceBytes: UInt64
    /// The whole tar stream.
    package var rawBytes: UInt64
    package var changedEntries: UInt64
    package var skippedEntries: UInt64
    package var sliceBytes: UInt64
    var entryChunks: [Chunk]
    var frameChunks: [Chunk]

    func encoded() -> [UInt8] {
        var encoder = TableEncoder()
        encoder.append(version)
        origin.encode(to: &encoder)
        for number in [entries, frames, sourceBytes, rawBytes, changedEntries, skippedEntries, sliceBytes] {
            encoder.append(number)
        }
        for chunks in [entryChunks, frameChunks] {
            encoder.append(UInt64(chunks.count))
            for chunk in chunks {
                encoder.append(chunk.offset)
                encoder.append(chunk.lengthBytes)
                encoder.append(chunk.rawBytes)
                encoder.append(chunk.count)
                encoder.append(string: chunk.firstPath.bytes)
                encoder.append(chunk.firstFrameOffset)
                encoder.append(raw: chunk.digest.bytes)
            }
        }
        if version >= Self.taggedVersion { origin.encodeTags(to: &encoder) }
        if version >= Self.markedVersion { origin.encodeSliceKey(to: &encoder) }
        return encoder.bytes
    }

    /// The oldest version that can say everything.
    private var version: UInt64 {
        if origin.sliceKey != nil { return Self.markedVersion }
        return origin.tags.isEmpty ? Self.version : Self.taggedVersion
    }

    init(
        origin: ArchiveOrigin, entries: UInt64, frames: UInt64, sourceBytes: UInt64, rawBytes: UInt64,
        changedEntries: UInt64, skippedEntries: UInt64, entryChunks: [Chunk], frameChunks: [Chunk]
    ) {
        self.origin = origin
        self.entries = entries
        self.frames = frames
        self.sourceBytes = sourceBytes
        self.rawBytes = rawBytes
        self.changedEntries = changedEntries
        self.skippedEntries = skippedEntries
        self.sliceBytes = Chunking.sliceBytes
        self.entryChunks = entryChunks
        self.frameChunks = frameChunks
    }

    init(decoding bytes: [UInt8]) throws(TableFault) {
        var decoder = TableDecoder(bytes)
        let version = try decoder.integer()
        guard (Self.version...Self.markedVersion).contains(version) else {
            throw TableFault("its index is of another version")
        }
        origin = try ArchiveOrigin(from: &decoder)
        entries = try decoder.integer()
        frames = try decoder.integer()
        sourceBytes = try decoder.integer()
        rawBytes = try decoder.integer()
        changedEntries = try decoder.integer()
        skippedEntries = try decoder.integer()
        sliceBytes = try decoder.integer()
        guard sliceBytes == Chunking.sliceBytes else { throw TableFault("its slices are of another size") }
        entryChunks = try Self.chunks(from: &decoder)
        frameChunks = try Self.chunks(from: &decoder)
        if version >= Self.taggedVersion { try origin.decodeTags(from: &decoder) }
        if version >= Self.markedVersion { try origin.decodeSliceKey(from: &decoder) }
        guard decoder.isAtEnd else { throw TableFault("its index has bytes too many") }
        guard Self.total(entryChunks) == entries, Self.total(frameChunks) == frames else {
            throw TableFault("its chunks do not add up")
        }
    }

    private static func total(_ chunks: [Chunk]) -> UInt64? {
        chunks.reduce(UInt64?(0)) { sum, chunk in
            guard let (value, overflow) = sum?.addingReportingOverflow(chunk.count), !overflow else { return nil }
            return value
        }
    }

    private static func chunks(from decoder: inout TableDecoder) throws(TableFault) -> [Chunk] {
        var chunks: [Chunk] = []
        for _ in 0..<(try decoder.integer(UInt32.self)) {
            let offset = try decoder.integer()
            let length = try decoder.integer()
            let raw = try decoder.integer()
            let count = try decoder.integer()
            let path = EntryPath(trusted: Array(try decoder.string()))
            let first = try decoder.integer()
            guard let digest = Digest(try decoder.raw(Digest.lengthBytes)) else {
                throw TableFault("a digest is short")
            }
            guard raw <= TableChunk.limitBytes, length <= TableChunk.limitBytes + 1024 else {
                throw TableFault("a chunk is larger than the format allows")
            }
            chunks.append(
                Chunk(
                    offset: offset, lengthBytes: length, rawBytes: raw, count: count, firstPath: path,
                    firstFrameOffset: first, digest: digest))
        }
        return chunks
    }
}

/// What stands in front of the compressed bytes of each part of the table, and how large a part may be.
enum TableChunk {
    static let entries = Array("HFTE".utf8)
    static let frames = Array("HFTF".utf8)
    static let index = Array("HFTI".utf8)
    static let footer = Array("HFTZ".utf8)
    static let entriesPerChunk: UInt64 = 4096
    static let framesPerChunk: UInt64 = 8192
    /// A chunk is closed early when it would grow beyond this (paths can be long).
    static let softLimitBytes = 4 << 20
    /// What a reader accepts, for chunks and for the index.
    static let limitBytes: UInt64 = 64 << 20
}
