package import FileTree
package import StorageModel

/// Writes an archive to a file or a pipe, in order.
///
/// A file is handed to the disk in stretches while the rest is still being compressed, so that the sync at the end finds
/// little left to do.
package struct FileSink: ArchiveSink {
    private let descriptor: SharedDescriptor
    private let name: String
    private let startsWriteback: Bool
    private var offset: UInt64 = 0
    private var handedOver: UInt64 = 0

    private static let stretchBytes: UInt64 = 16 << 20

    /// - Parameter startsWriteback: whether it is a new file, written from its start, that will be synced.
    package init(_ descriptor: SharedDescriptor, name: String, startsWriteback: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.startsWriteback = startsWriteback
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        do throws(FileError) {
            try descriptor.descriptor.writeAll(bytes, at: nil)
        } catch {
            throw StorageError(error, doing: "write an archive to '\(name.printable())'", object: name)
        }
        offset += UInt64(bytes.count)
        if startsWriteback && offset - handedOver >= Self.stretchBytes {
            descriptor.descriptor.startWriteback(handedOver..<offset)
            handedOver = offset
        }
    }
}
