/// The first bytes of a zstd frame, and how to find its end without decompressing it.
///
/// Source: RFC 8878 §3.1.1 (frame header, blocks) and §3.1.2 (skippable frames).
struct FrameHeader: Equatable {
    enum Kind: Equatable {
        case data
        /// Decoders skip it; the low four bits of the magic number are free for the writer.
        case skippable(variant: UInt8)
    }

    let kind: Kind
    /// How many bytes the header takes.
    let lengthBytes: Int
    /// What the content decompresses to, if the frame says; for a skippable frame, the size of its payload.
    let contentBytes: UInt64?
    let windowBytes: UInt64
    let hasChecksum: Bool
    let hasDictionary: Bool

    static let magic: UInt32 = 0xFD2F_B528
    static let skippableMagic: UInt32 = 0x184D_2A50
    static let longestBytes = 18

    /// - Returns: `nil` if `bytes` are too few to tell.
    /// - Throws: ``FrameFault`` if a zstd frame cannot begin so.
    init?(_ bytes: ArraySlice<UInt8>) throws(FrameFault) {
        guard bytes.count >= 5 else { return nil }
        let base = bytes.startIndex
        func number(_ offset: Int, _ length: Int) -> UInt64 {
            (0..<length).reduce(0) { $0 | UInt64(bytes[base + offset + $1]) << (8 * UInt64($1)) }
        }
        let magic = UInt32(number(0, 4))
        if magic & 0xFFFF_FFF0 == Self.skippableMagic {
            guard bytes.count >= 8 else { return nil }
            kind = .skippable(variant: UInt8(magic & 15))
            lengthBytes = 8
            contentBytes = number(4, 4)
            (windowBytes, hasChecksum, hasDictionary) = (0, false, false)
            return
        }
        guard magic == Self.magic else { throw FrameFault("no zstd frame begins here") }
        kind = .data
        let descriptor = bytes[base + 4]
        guard descriptor & 0x18 == 0 else { throw FrameFault("a frame header has reserved bits set") }
        let isSingleSegment = descriptor & 0x20 != 0
        let windowLength = isSingleSegment ? 0 : 1
        let dictionaryLength = [0, 1, 2, 4][Int(descriptor & 3)]
        let sizeCode = Int(descriptor >> 6)
        let sizeLength = sizeCode == 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeCode
        lengthBytes = 5 + windowLength + dictionaryLength + sizeLength
        guard bytes.count >= lengthBytes else { return nil }
        let size = number(5 + windowLength + dictionaryLength, sizeLength) &+ (sizeLength == 2 ? 256 : 0)
        contentBytes = sizeLength == 0 ? nil : size
        hasChecksum = descriptor & 4 != 0
        hasDictionary = dictionaryLength > 0 && number(5 + windowLength, dictionaryLength) != 0
        if isSingleSegment {
            windowBytes = size
        } else {
            let exponent = UInt64(bytes[base + 5] >> 3)
            let windowBase = UInt64(1) << (10 + exponent)
            windowBytes = windowBase + windowBase / 8 * UInt64(bytes[base + 5] & 7)
        }
    }
}

/// What is wrong with the structure of a frame.
struct FrameFault: Error {
    let reason: String
    let isTruncation: Bool

    init(_ reason: String, isTruncation: Bool = false) {
        self.reason = reason
        self.isTruncation = isTruncation
    }

    static let truncation = FrameFault("the file ends inside a frame", isTruncation: true)
}

/// Finds the end of a data frame whose bytes arrive piece by piece.
struct FrameMeasure {
    private(set) var header: FrameHeader
    /// How many bytes of the frame are known to belong to it; the next block header begins there.
    private var position: Int
    /// The frame's whole length, once it is known.
    private(set) var lengthBytes: Int?

    init(_ header: FrameHeader) {
        self.header = header
        position = header.lengthBytes
        if case .skippable = header.kind { lengthBytes = header.lengthBytes + Int(header.contentBytes ?? 0) }
    }

    /// Goes on from where it stopped; `bytes` are all bytes of the frame that arrived so far.
    mutating func advance(over bytes: ArraySlice<UInt8>) throws(FrameFault) {
        while lengthBytes == nil {
            guard bytes.count >= position + 3 else { return }
            let base = bytes.startIndex + position
            let block = Int(bytes[base]) | Int(bytes[base + 1]) << 8 | Int(bytes[base + 2]) << 16
            let size = block >> 3
            switch block >> 1 & 3 {
            case 0, 2: position += 3 + size
            case 1: position += 4
            default: throw FrameFault("a frame has a block of the reserved type")
            }
            if block & 1 != 0 { lengthBytes = position + (header.hasChecksum ? 4 : 0) }
        }
    }
}
