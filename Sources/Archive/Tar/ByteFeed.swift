package import StorageModel

/// A part of an immutable buffer, shared instead of copied.
package struct ByteSlice: Sendable {
    package let buffer: [UInt8]
    package let range: Range<Int>

    package init(_ buffer: [UInt8], _ range: Range<Int>) {
        self.buffer = buffer
        self.range = range
    }

    package var count: Int { range.count }

    /// Calls `body` with the bytes; the pointer is valid during the call only.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try buffer.withBytes { (bytes) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }
}

/// A stream of bytes that arrives in chunks.
package protocol ByteFeed {
    /// The next chunk, never empty; `nil` at the end.
    mutating func nextChunk() throws(StorageError) -> [UInt8]?

    /// Passes over the next `count` bytes without reading them, where the feed can.
    ///
    /// - Returns: how many bytes were passed over; 0 where the feed cannot.
    mutating func skip(_ count: UInt64) throws(StorageError) -> UInt64
}

extension ByteFeed {
    package mutating func skip(_ count: UInt64) throws(StorageError) -> UInt64 { 0 }
}

/// A feed with threads behind it: ``finish()`` ends them and must be called in every case, also after an error.
package protocol FinishableFeed: ByteFeed {
    func finish()
}
