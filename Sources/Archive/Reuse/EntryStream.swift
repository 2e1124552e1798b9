internal import FileTree
package import StorageModel

/// The entries of an archive in order, read and decoded on a thread of its own a little ahead of who takes them.
///
/// Memory: three chunks of the table.
package final class EntryStream {
    private let queue = BoundedQueue<[TableEntry]>(capacity: 2)
    private let pool = WorkerPool(threads: 1)
    private let failure = Monitor<StorageError?>(nil)

    package convenience init(_ file: ArchiveFile) {
        let chunks = file.index.entryChunks
        self.init(chunks: chunks.count) { (number) throws(StorageError) in try file.entries(of: chunks[number]) }
    }

    /// - Parameter read: gives the entries of a chunk by its number.
    init(chunks: Int, read: @escaping @Sendable (Int) throws(StorageError) -> [TableEntry]) {
        let (queue, failure) = (queue, failure)
        pool.submit {
            do throws(StorageError) {
                for chunk in 0..<chunks where !queue.push(try read(chunk)) { break }
            } catch {
                failure.update { $0 = error }
            }
            queue.close()
        }
    }

    /// The next entries; `nil` behind the last.
    package func next() throws(StorageError) -> [TableEntry]? {
        if let entries = queue.pop() { return entries }
        if let error = failure.update({ $0 }) { throw error }
        return nil
    }

    deinit {
        queue.close()
        pool.finish()
    }
}
