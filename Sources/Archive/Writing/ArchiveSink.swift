package import StorageModel

/// Takes the bytes of an archive in order.
package protocol ArchiveSink {
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError)

    /// Takes a range of another file's bytes.
    mutating func copy(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError)
}

extension ArchiveSink {
    package mutating func copy(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) {
        try copyByHand(range, of: archive)
    }

    /// Reads and writes in stretches of a mebibyte.
    mutating func copyByHand(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) {
        var position = range.lowerBound
        while position < range.upperBound {
            let bytes = try archive.bytes(at: position, min(range.upperBound - position, 1 << 20))
            try bytes.withBytes { (buffer) throws(StorageError) in try write(buffer) }
            position += UInt64(bytes.count)
        }
    }
}
