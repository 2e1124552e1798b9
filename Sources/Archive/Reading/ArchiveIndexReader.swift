internal import StorageModel

/// Turns the table's frames back into values, each checked against the digest that leads to it.
enum ArchiveIndexReader {
    /// - Parameter payload: of the index's skippable frame.
    static func index(payload: [UInt8], footer: ArchiveFooter) throws(TableFault) -> ArchiveIndex {
        guard ContentHasher.digest(payload) == footer.indexDigest else { throw TableFault("its index is damaged") }
        return try ArchiveIndex(decoding: try unpack(payload, tag: TableChunk.index, rawBytes: footer.indexRawBytes))
    }

    /// - Parameter frame: a chunk's whole skippable frame.
    static func entries(frame: [UInt8], chunk: ArchiveIndex.Chunk) throws(TableFault) -> [TableEntry] {
        try entries(content: try content(of: frame, chunk, tag: TableChunk.entries), count: chunk.count)
    }

    /// - Parameter content: what a chunk decompresses to.
    static func entries(content: [UInt8], count: UInt64) throws(TableFault) -> [TableEntry] {
        var decoder = TableDecoder(content)
        var coder = TableEntryCoder()
        var entries: [TableEntry] = []
        entries.reserveCapacity(Int(min(count, TableChunk.entriesPerChunk)))
        for _ in 0..<count { entries.append(try coder.decode(from: &decoder)) }
        guard decoder.isAtEnd else { throw TableFault("a chunk has bytes too many") }
        return entries
    }

    static func frames(frame: [UInt8], chunk: ArchiveIndex.Chunk) throws(TableFault) -> [FrameRecord] {
        try frames(content: try content(of: frame, chunk, tag: TableChunk.frames), count: chunk.count)
    }

    /// - Parameter content: what a chunk decompresses to.
    static func frames(content: [UInt8], count: UInt64) throws(TableFault) -> [FrameRecord] {
        var decoder = TableDecoder(content)
        var records: [FrameRecord] = []
        for _ in 0..<count { records.append(try FrameRecord(from: &decoder)) }
        guard decoder.isAtEnd else { throw TableFault("a chunk has bytes too many") }
        return records
    }

    private static func content(
        of frame: [UInt8], _ chunk: ArchiveIndex.Chunk, tag: [UInt8]
    ) throws(TableFault) -> [UInt8] {
        let magic = FrameHeader.skippableMagic | UInt32(SkippableFrame.tableVariant)
        guard frame.count > SkippableFrame.headerBytes, UInt64(frame.count) == chunk.lengthBytes,
            frame.littleEndian(UInt32.self, at: 0) == magic,
            Int(frame.littleEndian(UInt32.self, at: 4)) == frame.count - SkippableFrame.headerBytes
        else { throw TableFault("a chunk is not where the index says") }
        let payload = Array(frame.dropFirst(SkippableFrame.headerBytes))
        guard ContentHasher.digest(payload) == chunk.digest else { throw TableFault("a chunk is damaged") }
        return try unpack(payload, tag: tag, rawBytes: chunk.rawBytes)
    }

    private static func unpack(_ payload: [UInt8], tag: [UInt8], rawBytes: UInt64) throws(TableFault) -> [UInt8] {
        guard payload.starts(with: tag), rawBytes <= TableChunk.limitBytes else {
            throw TableFault("a part of it is of the wrong kind")
        }
        do throws(StorageError) {
            var decoder = try FrameDecoder()
            return try payload.withBytes { (bytes) throws(StorageError) in
                try decoder.decompress(UnsafeRawBufferPointer(rebasing: bytes[tag.count...]), rawBytes: Int(rawBytes))
            }
        } catch {
            throw TableFault(error.message)
        }
    }
}
