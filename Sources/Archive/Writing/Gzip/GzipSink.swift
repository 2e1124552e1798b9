package import StorageModel

/// Compresses a stream by gzip with several threads, and finds out what a registry wants to know of both sides of it.
///
/// The stream is cut into pieces, each of which becomes a member of its own: a file of several members is as valid as
/// one of one (RFC 1952, 2.2), and every decompressor gives the whole. The cuts depend on the content's length only, so
/// the bytes do not depend on the threads. Memory: two pieces for each thread and a few more.
///
/// Give everything to ``write(_:)``, then call ``finish()``. Used by one thread; the sink is written to by that thread.
package final class GzipSink: ArchiveSink {
    /// Both sides of the compression.
    package struct Outcome: Sendable, Hashable {
        /// The digest of what went in: of a layer's tar, its diff id.
        package let contentDigest: Digest
        package let contentBytes: UInt64
        /// The digest of what came out: of a layer, its blob's.
        package let digest: Digest
        package let sizeBytes: UInt64
    }

    package static let defaultLevel = 6
    /// Each member begins without knowledge of the one before, which at this size costs a thousandth.
    static let pieceBytes = 1 << 20

    private var sink: any ArchiveSink
    private let checkpoint: Checkpoint
    private let pipeline: OrderedPipeline<[UInt8], [UInt8]>
    private let depth: Int
    private var piece: [UInt8] = []
    private var underWay = 0
    private var hasBegun = false
    private var isFinished = false
    private var contentHasher = ContentHasher()
    private var contentBytes: UInt64 = 0
    private var hasher = ContentHasher()
    private var sizeBytes: UInt64 = 0

    /// - Parameter level: 1, the fastest, to 9, the smallest.
    package init(
        to sink: any ArchiveSink, level: Int = GzipSink.defaultLevel, threads: Int, checkpoint: Checkpoint
    ) throws(StorageError) {
        guard GzipMember.levels.contains(level) else {
            throw StorageError(.invalidInput, "gzip has the levels 1 to 9, not \(level)")
        }
        self.sink = sink
        self.checkpoint = checkpoint
        depth = threads * 2 + 1
        pipeline = OrderedPipeline(threads: threads, depth: depth) { () throws(StorageError) in
            { (piece) throws(StorageError) in try GzipMember.compress(piece, level: level) }
        }
    }

    deinit {
        if !isFinished { pipeline.fail(.interrupted) }
        pipeline.finish()
    }

    /// Takes a part of the stream of any length. Waits while the threads are busy.
    ///
    /// - Throws: what the sink throws, or ``StorageError/interrupted``.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        contentHasher.update(bytes)
        contentBytes += UInt64(bytes.count)
        var rest = bytes[...]
        while !rest.isEmpty {
            if piece.isEmpty { piece.reserveCapacity(Self.pieceBytes) }
            let part = rest.prefix(Self.pieceBytes - piece.count)
            piece.append(contentsOf: UnsafeRawBufferPointer(rebasing: part))
            rest = rest.dropFirst(part.count)
            if piece.count == Self.pieceBytes { try submit() }
        }
    }

    /// Compresses the rest and waits for everything. The sink is complete afterwards, but not synced.
    package func finish() throws(StorageError) -> Outcome {
        // An empty stream is one empty member.
        if !piece.isEmpty || !hasBegun { try submit() }
        pipeline.close()
        while underWay > 0 { try takeOne() }
        isFinished = true
        return Outcome(
            contentDigest: contentHasher.finalize(), contentBytes: contentBytes, digest: hasher.finalize(),
            sizeBytes: sizeBytes)
    }

    private func submit() throws(StorageError) {
        try checkpoint.interruption.check()
        if underWay == depth { try takeOne() }
        try pipeline.submit(piece)
        hasBegun = true
        underWay += 1
        piece = []
    }

    private func takeOne() throws(StorageError) {
        guard let member = try pipeline.next() else { return }
        underWay -= 1
        hasher.update(member)
        sizeBytes += UInt64(member.count)
        try member.withBytes { (bytes) throws(StorageError) in try sink.write(bytes) }
    }
}
