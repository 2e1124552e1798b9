package import FileTree
package import StorageModel

extension RegistryClient {
    /// Downloads a blob of a repository into a file, which afterwards holds exactly the blob.
    ///
    /// Streams; the memory does not depend on the size. A connection that breaks is taken up where it ended (`Range`),
    /// as often as it gets further and a few times where it does not. URLs that a manifest names for foreign layers are
    /// never asked. After an error the file holds a part of the blob, of which a later call can keep what it had.
    /// Nothing is synced.
    ///
    /// - Parameters:
    ///   - file: opened for reading and writing; written by position, so its offset does not matter. Nobody else writes
    ///     it.
    ///   - prefixBytes: so much of the file, from its start, is left of an earlier attempt; it is read and counted in.
    /// - Throws: ``StorageError/Code/damaged`` if what comes is not the blob, besides the codes of
    ///   ``resolve(_:platform:checkpoint:)``.
    package func download(
        _ blob: ContentDescriptor, of reference: ImageReference, into file: SharedDescriptor,
        keeping prefixBytes: UInt64 = 0, checkpoint: Checkpoint
    ) throws(StorageError) {
        var sink = BlobSink(blob, file)
        try sink.adopt(prefixBytes, until: checkpoint.interruption)
        let mark = ProgressMark(checkpoint.progress)
        mark.reach(sink.offset)
        if sink.isComplete {
            if try sink.verify() { return }
            sink.startOver()
        }
        try firstEndpoint(for: reference.registry, checkpoint) { endpoint throws(SourceFailure) in
            var download = BlobDownload(reference, endpoint, exchange, mark, checkpoint)
            do throws(SourceFailure) {
                try download.run(into: &sink)
            } catch {
                // What a server that failed has sent is not built upon by the next one.
                sink.startOver()
                throw error
            }
        }
    }
}
