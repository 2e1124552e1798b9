internal import StorageModel

/// The fixed-size frame behind the table that leads to its index: found from the end of the file.
struct ArchiveFooter: Equatable {
    /// Where the data frames end.
    var dataEndOffset: UInt64
    var indexOffset: UInt64
    var indexLengthBytes: UInt64
    var indexRawBytes: UInt64
    /// SHA-256 of the payload of the index's skippable frame. The index holds the digests of all chunks, and these those
    /// of all frames: this one digest covers the whole archive. `backup create` reports it as the table digest.
    var indexDigest: Digest

    static let version: UInt32 = 1
    /// The payload: tag, version, four numbers, digest, checksum.
    static let payloadBytes = 4 + 4 + 4 * 8 + 32 + 8
    static let frameBytes = SkippableFrame.headerBytes + payloadBytes

    func encodedFrame() -> [UInt8] {
        var payload = TableChunk.footer
        payload.appendLittleEndian(Self.version)
        for number in [dataEndOffset, indexOffset, indexLengthBytes, indexRawBytes] {
            payload.appendLittleEndian(number)
        }
        payload += indexDigest.bytes
        payload.appendLittleEndian(XXH64.hash(payload))
        return SkippableFrame.make(variant: SkippableFrame.tableVariant, payload: payload)
    }

    /// - Returns: `nil` if these bytes are no footer of Holdfast's.
    /// - Throws: ``TableFault`` if it is damaged or of a newer version.
    init?(decodingFrame frame: [UInt8]) throws(TableFault) {
        guard frame.count == Self.frameBytes,
            frame.littleEndian(UInt32.self, at: 0) == FrameHeader.skippableMagic | UInt32(SkippableFrame.tableVariant),
            frame[8..<12].elementsEqual(TableChunk.footer)
        else { return nil }
        guard frame.littleEndian(UInt32.self, at: 4) == UInt32(Self.payloadBytes) else {
            throw TableFault("its footer is damaged")
        }
        let payload = Array(frame[8...])
        guard payload.littleEndian(UInt64.self, at: Self.payloadBytes - 8) == XXH64.hash(Array(payload.dropLast(8)))
        else {
            throw TableFault("its footer is damaged")
        }
        guard payload.littleEndian(UInt32.self, at: 4) == Self.version else {
            throw TableFault("its table is of a newer version")
        }
        dataEndOffset = payload.littleEndian(UInt64.self, at: 8)
        indexOffset = payload.littleEndian(UInt64.self, at: 16)
        indexLengthBytes = payload.littleEndian(UInt64.self, at: 24)
        indexRawBytes = payload.littleEndian(UInt64.self, at: 32)
        guard let digest = Digest(payload[40..<72]) else { throw TableFault("its footer is damaged") }
        indexDigest = digest
        guard indexRawBytes <= TableChunk.limitBytes, indexLengthBytes <= TableChunk.limitBytes + 1024 else {
            throw TableFault("its index is larger than the format allows")
        }
    }

    init(
        dataEndOffset: UInt64, indexOffset: UInt64, indexLengthBytes: UInt64, indexRawBytes: UInt64, indexDigest: Digest
    ) {
        self.dataEndOffset = dataEndOffset
        self.indexOffset = indexOffset
        self.indexLengthBytes = indexLengthBytes
        self.indexRawBytes = indexRawBytes
        self.indexDigest = indexDigest
    }
}
