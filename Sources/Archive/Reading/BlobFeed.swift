internal import FileTree
package import StorageModel

/// Reads a blob as it lies in its file, by position; what a reader passes over is not read at all.
package struct BlobFeed: ByteFeed {
    private let blob: StoredBlob
    private let interruption: Interruption
    private let chunkBytes: Int
    private var position: UInt64

    /// - Parameter chunkBytes: how much one read takes: little where a reader looks at headers and skips the rest.
    package init(_ blob: StoredBlob, chunkBytes: Int = 1 << 20, interruption: Interruption) {
        self.blob = blob
        self.interruption = interruption
        self.chunkBytes = chunkBytes
        position = blob.range.lowerBound
    }

    package mutating func nextChunk() throws(StorageError) -> [UInt8]? {
        try interruption.check()
        let wanted = Int(min(UInt64(chunkBytes), blob.range.upperBound - position))
        guard wanted > 0 else { return nil }
        let end = position + UInt64(wanted)
        let part = StoredBlob(file: blob.file, range: position..<end, name: blob.name)
        position = end
        return try part.bytes(limitBytes: wanted)
    }

    package mutating func skip(_ count: UInt64) -> UInt64 {
        let skipped = min(count, blob.range.upperBound - position)
        position += skipped
        return skipped
    }
}
