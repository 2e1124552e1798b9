internal import FileTree
internal import StorageModel

/// Where the bytes of an archive are: in a file, in what the file decrypts to, or in the beginning of a file and, behind that,
/// in memory.
struct ArchiveBytes: Sendable {
    let descriptor: SharedDescriptor
    /// What the file holds, if it is encrypted.
    let content: (any SeekableBytes)?
    let sizeBytes: UInt64
    /// What follows upon so many bytes of the file, in place of what is there.
    private let end: (offset: UInt64, bytes: [UInt8])?

    init(_ descriptor: SharedDescriptor, content: (any SeekableBytes)?, fileBytes: UInt64) {
        (self.descriptor, self.content) = (descriptor, content)
        sizeBytes = content?.sizeBytes ?? fileBytes
        end = nil
    }

    /// The first `offset` bytes of a file, and others behind them.
    init(_ descriptor: SharedDescriptor, upTo offset: UInt64, then bytes: [UInt8]) {
        self.descriptor = descriptor
        content = nil
        end = (offset, bytes)
        sizeBytes = offset + UInt64(bytes.count)
    }

    /// - Throws: ``StorageModel/StorageError/Code/damaged`` if there are not so many bytes.
    func read(_ offset: UInt64, _ count: Int, _ name: String) throws(StorageError) -> [UInt8] {
        if let end, offset >= end.offset {
            let start = Int(offset - end.offset)
            guard start <= end.bytes.count, count <= end.bytes.count - start else {
                throw ArchiveFile.damaged(name, TableFault("it ends early"))
            }
            return Array(end.bytes[start..<(start + count)])
        }
        if let content { return try read(content, offset, count, name) }
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            do throws(FileError) {
                let part = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: count)
                filled = try descriptor.descriptor.read(into: part, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw StorageError(failure, doing: "read archive '\(name)'", object: name) }
        guard bytes.count == count else { throw ArchiveFile.damaged(name, TableFault("it ends early")) }
        return bytes
    }

    private func read(
        _ content: any SeekableBytes, _ offset: UInt64, _ count: Int, _ name: String
    ) throws(StorageError) -> [UInt8] {
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
            do throws(StorageError) {
                let part = UnsafeMutableRawBufferPointer(start: room.baseAddress, count: count)
                filled = try content.read(into: part, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard bytes.count == count else { throw ArchiveFile.damaged(name, TableFault("it ends early")) }
        return bytes
    }
}
