package import FileTree
package import StorageModel

/// A stretch of an open file that holds one blob: a whole file, or the content of an entry in an uncompressed tar.
package struct StoredBlob: Sendable {
    package let file: SharedDescriptor
    package let range: Range<UInt64>
    /// For messages, such as "blobs/sha256/… of 'app.tar'".
    package let name: String

    package init(file: SharedDescriptor, range: Range<UInt64>, name: String) {
        self.file = file
        self.range = range
        self.name = name
    }

    package var sizeBytes: UInt64 { UInt64(range.count) }

    /// The whole blob in memory.
    ///
    /// - Throws: ``StorageError/Code/limitExceeded`` if it is larger than `limitBytes`, before memory is taken.
    package func bytes(limitBytes: Int) throws(StorageError) -> [UInt8] {
        guard sizeBytes <= UInt64(limitBytes) else {
            throw StorageError(
                .limitExceeded, object: name,
                "\(name.printable()) has \(ByteCount(sizeBytes)), \(ByteCount(UInt64(limitBytes))) is the most")
        }
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(sizeBytes)) { room, count in
            do throws(FileError) {
                count = try file.descriptor.read(into: UnsafeMutableRawBufferPointer(room), at: range.lowerBound)
            } catch {
                failure = error
            }
        }
        if let failure { throw StorageError(failure, doing: "read \(name.printable())", object: name) }
        guard bytes.count == Int(sizeBytes) else {
            throw StorageError(.truncated, object: name, "\(name.printable()) ends early")
        }
        return bytes
    }

    /// SHA-256 of the blob, read in stretches of a mebibyte.
    package func digest(_ checkpoint: Checkpoint) throws(StorageError) -> Digest {
        var hasher = ContentHasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var position = range.lowerBound
        while position < range.upperBound {
            try checkpoint.interruption.check()
            let wanted = Int(min(UInt64(buffer.count), range.upperBound - position))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            do throws(FileError) {
                guard try file.descriptor.read(into: part, at: position) == wanted else {
                    throw FileError("pread", path: name.printable(), errno: .stale)
                }
            } catch {
                throw StorageError(error, doing: "read \(name.printable())", object: name)
            }
            hasher.update(UnsafeRawBufferPointer(part))
            position += UInt64(wanted)
        }
        return hasher.finalize()
    }
}
