internal import Archive
internal import FileTree
internal import NIOCore
internal import StorageModel

/// The file that a blob is written to, from its start on, and the digest of what is in it so far.
struct BlobSink {
    let blob: ContentDescriptor
    private let file: SharedDescriptor
    private var hasher = ContentHasher()
    private(set) var offset: UInt64 = 0
    /// Whether the content came from one answer only: then a wrong digest is the server's fault.
    private(set) var pieces = 0

    private static let readBytes = 1 << 20

    init(_ blob: ContentDescriptor, _ file: SharedDescriptor) {
        self.blob = blob
        self.file = file
    }

    var isComplete: Bool { offset == blob.sizeBytes }
    var remainingBytes: UInt64 { blob.sizeBytes - offset }

    /// Takes over what an earlier run left at the file's start: reads and hashes it.
    mutating func adopt(_ prefixBytes: UInt64, until interruption: Interruption) throws(StorageError) {
        let end = min(prefixBytes, blob.sizeBytes)
        guard end > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: Int(min(UInt64(Self.readBytes), end)))
        while offset < end {
            try interruption.check()
            let wanted = Int(min(UInt64(buffer.count), end - offset))
            let count = try attempt { () throws(FileError) in
                try buffer.withUnsafeMutableBufferPointer { (room) throws(FileError) in
                    try file.descriptor.read(
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: UnsafeMutableRawBufferPointer(room).prefix(wanted)),
                        at: offset)
                }
            }
            guard count > 0 else { break }
            hasher.update(buffer[..<count])
            offset += UInt64(count)
        }
        pieces = 1
    }

    /// Forgets everything: the next piece is written at the file's start.
    mutating func startOver() {
        hasher = ContentHasher()
        offset = 0
        pieces = 0
    }

    /// An answer begins that continues at ``offset``.
    mutating func beginPiece() { pieces += 1 }

    mutating func write(_ buffer: ByteBuffer) throws(StorageError) {
        let result = buffer.withUnsafeReadableBytes { bytes in
            hasher.update(bytes)
            return Result { () throws(FileError) in try file.descriptor.writeAll(bytes, at: offset) }
        }
        try attempt { () throws(FileError) in try result.get() }
        offset += UInt64(buffer.readableBytes)
    }

    /// Whether the content is the blob's; cuts off what a longer file held behind it.
    func verify() throws(StorageError) -> Bool {
        let copy = hasher
        guard isComplete, copy.finalize() == blob.digest else { return false }
        try attempt { () throws(FileError) in
            if try file.descriptor.status().sizeBytes > blob.sizeBytes {
                try file.descriptor.truncate(to: blob.sizeBytes)
            }
        }
        return true
    }

    private func attempt<Result>(_ body: () throws(FileError) -> Result) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(error, doing: "keep blob \(blob.digest)", object: blob.digest.description)
        }
    }
}
