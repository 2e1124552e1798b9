package import StorageModel

/// What the table says of one data frame.
package struct FrameRecord: Hashable, Sendable {
    package enum Kind: UInt8, Sendable {
        /// Headers and data of whole entries.
        case group = 0
        /// The header of one large file, after the padding of the large file before it.
        case header = 1
        /// A slice of a large file's data and nothing else.
        case payload = 2
        /// Padding of the last large file, then the end of the archive.
        case end = 3
    }

    package let kind: Kind
    /// The length of the skippable frame in front of it; 0 for most.
    package let paddingBytes: UInt64
    package let compressedBytes: UInt64
    package let rawBytes: UInt64
    /// SHA-256 of the raw bytes, in which the data of each group member is replaced by that member's digest.
    package let digest: Digest
    /// XXH64 of the compressed bytes.
    package let checksum: UInt64
    /// Of the raw bytes of a payload frame, under the archive's ``SliceKey``; `nil` if they were not marked.
    package private(set) var mark: SliceMark?

    /// A payload frame with its mark, as the table has it. Archives from before there were marks have none.
    private static let markedPayload: UInt8 = 4

    func encode(to encoder: inout TableEncoder) {
        encoder.append(byte: mark == nil ? kind.rawValue : Self.markedPayload)
        encoder.append(paddingBytes)
        encoder.append(compressedBytes)
        encoder.append(rawBytes)
        encoder.append(raw: digest.bytes)
        withUnsafeBytes(of: checksum.littleEndian) { encoder.append(raw: $0) }
        if let mark { encoder.append(raw: mark.bytes) }
    }

    init(
        kind: Kind, paddingBytes: UInt64, compressedBytes: UInt64, rawBytes: UInt64, digest: Digest, checksum: UInt64,
        mark: SliceMark? = nil
    ) {
        self.kind = kind
        self.paddingBytes = paddingBytes
        self.compressedBytes = compressedBytes
        self.rawBytes = rawBytes
        self.digest = digest
        self.checksum = checksum
        self.mark = kind == .payload ? mark : nil
    }

    init(from decoder: inout TableDecoder) throws(TableFault) {
        let form = try decoder.byte()
        let isMarked = form == Self.markedPayload
        guard let kind = isMarked ? .payload : Kind(rawValue: form) else {
            throw TableFault("a frame is of an unknown kind")
        }
        self.kind = kind
        paddingBytes = try decoder.integer()
        compressedBytes = try decoder.integer()
        rawBytes = try decoder.integer()
        guard rawBytes <= UInt64(FrameLimits.rawBytes), compressedBytes <= 2 * UInt64(FrameLimits.rawBytes),
            paddingBytes <= 2 * FrameLimits.alignmentBytes
        else { throw TableFault("a frame is larger than the format allows") }
        guard let digest = Digest(try decoder.raw(Digest.lengthBytes)) else { throw TableFault("a digest is short") }
        self.digest = digest
        checksum = Array(try decoder.raw(8)).littleEndian(UInt64.self, at: 0)
        if isMarked { mark = SliceMark(try decoder.raw(SliceMark.lengthBytes)) }
    }

    /// The same where another key counts.
    func unmarked() -> FrameRecord {
        var record = self
        record.mark = nil
        return record
    }
}

/// A data frame and where it lies in the file.
package struct PlacedFrame: Hashable, Sendable {
    package let ordinal: UInt64
    package let offset: UInt64
    package let record: FrameRecord
}
