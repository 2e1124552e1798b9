package import StorageModel

/// Bytes that come in order, once. Used by one thread at a time.
package protocol ByteStream: AnyObject, Sendable {
    /// The next bytes, at least one; `nil` at the end.
    func next() throws(StorageError) -> [UInt8]?
}

/// Bytes that can be read at any place, by several threads at once.
package protocol SeekableBytes: AnyObject, Sendable {
    var sizeBytes: UInt64 { get }

    /// Reads until `buffer` is full or the bytes end.
    ///
    /// - Returns: how many bytes were read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int
}

/// The bytes of a pipe, or of a file from a given place on, with the possibility to look at the first of them beforehand.
///
/// `@unchecked Sendable` holds because one thread uses it at a time: the one that opened it looks at its head, then hands
/// it to the one that reads on.
package final class DescriptorStream: ByteStream, @unchecked Sendable {
    private let descriptor: SharedDescriptor
    private let name: String
    private let interruption: Interruption
    /// Where the next read begins; `nil` for what has no places, such as a pipe.
    private var position: UInt64?
    private var ahead: [UInt8] = []
    private var isAtEnd = false

    private let readBytes: Int

    /// One read of a pipe yields no more than the pipe holds, mostly this much.
    private static let pipeBytes = 64 << 10

    /// - Parameters:
    ///   - name: for messages.
    ///   - position: where in the file to begin; `nil` for a pipe.
    ///   - readBytes: how much one read of a file takes.
    package init(
        _ descriptor: SharedDescriptor, name: String, from position: UInt64?, readBytes: Int = 1 << 20,
        interruption: Interruption
    ) {
        self.descriptor = descriptor
        self.name = name
        self.position = position
        self.readBytes = readBytes
        self.interruption = interruption
    }

    /// The first bytes, which ``next()`` will give too; fewer than `count` only if there are no more.
    package func peek(_ count: Int) throws(StorageError) -> [UInt8] {
        while ahead.count < count, let part = try read() { ahead += part }
        return Array(ahead.prefix(count))
    }

    package func next() throws(StorageError) -> [UInt8]? {
        guard ahead.isEmpty else {
            defer { ahead = [] }
            return ahead
        }
        return try read()
    }

    private func read() throws(StorageError) -> [UInt8]? {
        if isAtEnd { return nil }
        try waitForInput()
        var failure: FileError?
        let wanted = position == nil ? Self.pipeBytes : readBytes
        let part = [UInt8](unsafeUninitializedCapacity: wanted) { room, filled in
            do throws(FileError) {
                let bytes = UnsafeMutableRawBufferPointer(room)
                filled =
                    if let position {
                        try descriptor.descriptor.read(into: bytes, at: position)
                    } else {
                        try descriptor.descriptor.readAvailable(into: bytes)
                    }
            } catch {
                failure = error
            }
        }
        if let failure { throw StorageError(failure, doing: "read '\(name.printable())'", object: name) }
        isAtEnd = part.isEmpty
        if let start = position { position = start + UInt64(part.count) }
        return part.isEmpty ? nil : part
    }

    /// A pipe whose other end says nothing must not keep an interruption waiting.
    private func waitForInput() throws(StorageError) {
        try interruption.check()
        guard position == nil else { return }
        while !descriptor.descriptor.isReadable(withinMilliseconds: 200) { try interruption.check() }
    }
}
