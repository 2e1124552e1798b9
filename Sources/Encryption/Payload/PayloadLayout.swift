/// Where the chunks of an age file lie.
struct PayloadLayout: Sendable {
    /// Where the first chunk begins: behind the header and the payload's nonce.
    let start: UInt64

    private static let chunkBytes = UInt64(PayloadCipher.chunkBytes)
    private static let sealedChunkBytes = UInt64(PayloadCipher.sealedChunkBytes)
    private static let tagBytes = UInt64(PayloadCipher.tagBytes)

    init(headerBytes: Int) { start = UInt64(headerBytes + PayloadCipher.nonceBytes) }

    /// How many chunks a file of this size has, and how long the last one is, its tag included.
    func chunks(fileBytes: UInt64) -> (count: UInt64, lastBytes: UInt64) {
        let sealed = fileBytes > start ? fileBytes - start : 0
        let count = max(1, (sealed + Self.sealedChunkBytes - 1) / Self.sealedChunkBytes)
        return (count, sealed - (count - 1) * Self.sealedChunkBytes)
    }

    func place(ofChunk ordinal: UInt64) -> UInt64 { start + ordinal * Self.sealedChunkBytes }

    /// The place in the file of a place in the content; the end of a chunk comes before its tag.
    func place(ofContent offset: UInt64) -> UInt64 {
        place(ofChunk: offset / Self.chunkBytes) + offset % Self.chunkBytes
    }

    static func contentBytes(chunks: (count: UInt64, lastBytes: UInt64)) -> UInt64 {
        (chunks.count - 1) * chunkBytes + chunks.lastBytes - tagBytes
    }
}
