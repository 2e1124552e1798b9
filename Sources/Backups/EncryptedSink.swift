internal import Archive
internal import Encryption
internal import StorageModel

/// Encrypts an archive on its way to a file or a pipe: one age file around the whole of it.
///
/// Used by the thread that writes, which has little else to do while others compress.
final class EncryptedSink: ArchiveSink {
    private let stream: EncryptingStream

    init(_ file: FileSink, _ keys: EncryptionKeys) throws(StorageError) {
        var file = file
        stream = try EncryptingStream(keys) { (bytes) throws(StorageError) in try file.write(bytes) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) { try stream.write(bytes) }

    /// Writes the end, without which the archive could not be told from a truncated one.
    ///
    /// - Returns: the size of the file.
    func finish() throws(StorageError) -> UInt64 {
        try stream.finish()
        return stream.sizeBytes
    }
}
