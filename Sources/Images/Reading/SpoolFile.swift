internal import Archive
internal import FileTree
internal import StorageModel

/// A tar stream that was written to a file because it cannot be read at any place where it is.
enum SpoolFile {
    /// Reads the stream to its end. The file is not synced: it lives no longer than the operation.
    ///
    /// - Throws: what the stream throws; ``StorageError/Code/noSpace``.
    static func write(
        _ feed: TarFeed, of name: String, in directory: borrowing Descriptor, _ checkpoint: Checkpoint
    ) throws(StorageError) -> StoredBlob {
        let file = try attempt(name) { () throws(FileError) in
            SharedDescriptor(try directory.createFile(RandomName.make()))
        }
        checkpoint.progress.begin("reading \(name)", totalEntries: nil, totalBytes: nil)
        var position: UInt64 = 0
        while let chunk = try feed.nextChunk() {
            let slice = ByteSlice(chunk, 0..<chunk.count)
            try attempt(name) { () throws(FileError) in
                try slice.withBytes { (bytes) throws(FileError) in
                    try file.descriptor.writeAll(bytes, at: position)
                }
            }
            position += UInt64(chunk.count)
            checkpoint.progress.advance(entries: 0, bytes: UInt64(chunk.count))
        }
        return StoredBlob(file: file, range: 0..<position, name: name)
    }

    private static func attempt<Value>(
        _ name: String, _ body: () throws(FileError) -> Value
    ) throws(StorageError) -> Value {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(error, doing: "write \(name) to the store", object: name)
        }
    }
}
