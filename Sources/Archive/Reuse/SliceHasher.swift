internal import CHashing
internal import FileTree
internal import StorageModel

/// SHA-256 of sixteen slices of a large file at once, each in a lane of the processor's widest registers: twice as fast as
/// one after the other by the processor's own instructions for SHA (Sapphire Rapids: 2.8 to 1.4 GB/s on one core).
///
/// Slices that the previous archive has need nothing but their digests. A wrong digest could only make a slice be read again:
/// it is found in the previous archive by a digest that was made by swift-crypto. Memory: a mebibyte. One per thread.
final class SliceHasher {
    /// So many slices are hashed together.
    static let lanes = Int(HOLDFAST_SHA256_LANES)
    /// Whether this processor can.
    static let isSupported = holdfast_sha256_lanes_work() == 1

    /// The streams advance by this much together, so that what is read is still in the processor's cache when it is hashed.
    static let pieceBytes = 64 << 10
    private let pieces = UnsafeMutableRawBufferPointer.allocate(byteCount: lanes * pieceBytes, alignment: 64)

    deinit { pieces.deallocate() }

    /// The digests of as many whole slices as there are lanes, from a place in the file's stored data on.
    ///
    /// - Parameter reads: told before each reading of how many bytes.
    /// - Returns: `nil` if the file ended before.
    func digests(
        of file: OpenedFile, storedFrom start: UInt64, reads: (UInt64) -> Void
    ) throws(FileError) -> [Digest]? {
        var state = holdfast_sha256_lanes()
        holdfast_sha256_begin(&state)
        for offset in stride(from: 0, to: Chunking.sliceBytes, by: Self.pieceBytes) {
            reads(UInt64(pieces.count))
            for lane in 0..<Self.lanes {
                let place = start + UInt64(lane) * Chunking.sliceBytes + offset
                guard try file.read(into: piece(lane), storedAt: place) == Self.pieceBytes else { return nil }
            }
            add(&state)
        }
        return finish(&state)
    }

    private func piece(_ lane: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: pieces[(lane * Self.pieceBytes)..<((lane + 1) * Self.pieceBytes)])
    }

    private func add(_ state: inout holdfast_sha256_lanes) {
        holdfast_sha256_update(
            &state, pieces.baseAddress?.assumingMemoryBound(to: UInt8.self), Self.pieceBytes,
            Self.pieceBytes / Self.blockBytes)
    }

    private func finish(_ state: inout holdfast_sha256_lanes) -> [Digest]? {
        let length = Digest.lengthBytes
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.lanes * length) { room, count in
            holdfast_sha256_end(&state, Chunking.sliceBytes / UInt64(Self.blockBytes), room.baseAddress)
            count = Self.lanes * length
        }
        let digests = (0..<Self.lanes).compactMap { Digest(bytes[($0 * length)..<(($0 + 1) * length)]) }
        return digests.count == Self.lanes ? digests : nil
    }

    private static let blockBytes = 64
}
