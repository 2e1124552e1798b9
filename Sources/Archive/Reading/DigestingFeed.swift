internal import FileTree
package import StorageModel

/// Passes a stream through and computes its SHA-256 and its size on a thread beside.
///
/// The chunks are shared with that thread, not copied; it may lag behind by a few of them.
package final class DigestingFeed: ByteFeed {
    private var feed: any ByteFeed
    private let queue = BoundedQueue<[UInt8]>(capacity: 8)
    private let pool = WorkerPool(threads: 1)
    private let result = Monitor<Digest?>(nil)
    /// The bytes that came through so far.
    package private(set) var sizeBytes: UInt64 = 0

    package init(_ feed: any ByteFeed) {
        self.feed = feed
        let (queue, result) = (queue, result)
        pool.submit {
            var hasher = ContentHasher()
            while let chunk = queue.pop() { hasher.update(chunk) }
            let digest = hasher.finalize()
            result.update { $0 = digest }
        }
    }

    package func nextChunk() throws(StorageError) -> [UInt8]? {
        guard let chunk = try feed.nextChunk() else { return nil }
        sizeBytes += UInt64(chunk.count)
        queue.push(chunk)
        return chunk
    }

    /// Ends the thread. Call in every case; afterwards nothing may be read.
    ///
    /// - Returns: the digest of what was read.
    @discardableResult
    package func finish() -> Digest? {
        queue.close()
        pool.finish()
        return result.update { $0 }
    }
}
