package import StorageModel

/// A part of a tar stream, as a skeleton keeps it.
///
/// A skeleton is a tar stream with the data of its files taken out: what remains are headers, padding and the end of the
/// archive, byte for byte, and between them references to where the data lies in the tree that was unpacked. Together they
/// give back the stream bit for bit, without keeping the data twice. Format: see `LayerStore` in the documentation.
enum SkeletonItem {
    /// Bytes of the stream that are no file's data.
    case framing(ArraySlice<UInt8>)
    /// A piece of a file's data.
    case piece(SkeletonPiece)

    static let framingMark: UInt8 = 1
    /// The first piece of a file; it names the file.
    static let fileMark: UInt8 = 2
    /// A further piece of the same file.
    static let pieceMark: UInt8 = 3
}

/// A piece of a file's data: where it lies in the file, and the checksum of its bytes.
package struct SkeletonPiece: Hashable, Sendable {
    /// Where the file lies in the tree.
    package let path: EntryPath
    /// The number of the file among those with data, in the order of the stream.
    package let ordinal: UInt64
    /// Ascending; several for a file with holes.
    package let extents: [Range<UInt64>]
    /// XXH64 of the bytes.
    package let checksum: UInt64

    package var sizeBytes: UInt64 { extents.reduce(0) { $0 + UInt64($1.count) } }
}

/// Sizes that the format fixes.
enum SkeletonLimits {
    static let magic = Array("HFSK1\n".utf8)
    /// A frame is closed when it holds so much.
    static let frameBytes = 1 << 20
    /// The most that one item of framing holds; longer framing is several items.
    static let framingBytes = 1 << 20
    static let extentsPerPiece = 4096
    /// The most data that one piece stands for.
    static let pieceBytes: UInt64 = 16 << 20
}
