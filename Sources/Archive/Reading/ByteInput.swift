internal import FileTree
internal import StorageModel

/// Bytes from a file or a pipe, in order, with the possibility to look ahead.
///
/// Reads are large; nothing is read twice and nothing sought. `@unchecked Sendable` holds because one thread uses it at a
/// time: the one that opened it looks at its head, then hands it to the one that reads on.
package final class ByteInput: @unchecked Sendable {
    /// Where the bytes come from, unless they come from a stream.
    private let descriptor: SharedDescriptor?
    private let stream: (any ByteStream)?
    private let name: String
    private let interruption: Interruption
    private let canStall: Bool
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false
    /// The part of the file that is still to be read; `nil` for everything from the file offset on.
    private var range: Range<UInt64>?
    /// Bytes handed out so far.
    private(set) var offset: UInt64 = 0

    private static let readBytes = 1 << 20
    /// One read of a pipe yields no more than the pipe holds, mostly this much.
    private static let pipeBytes = 64 << 10

    /// - Parameters:
    ///   - name: for messages.
    ///   - range: the part of the file to read, by position; `nil` for everything from the file offset on.
    init(
        _ descriptor: SharedDescriptor, name: String, range: Range<UInt64>? = nil, interruption: Interruption
    ) throws(StorageError) {
        self.range = range
        self.descriptor = descriptor
        stream = nil
        self.name = name
        self.interruption = interruption
        do throws(FileError) {
            canStall = try descriptor.descriptor.status().kind != .file
        } catch {
            throw StorageError(error, doing: "read \(name)", object: name)
        }
    }

    /// Takes the bytes from a stream.
    init(_ stream: any ByteStream, name: String, interruption: Interruption) {
        descriptor = nil
        self.stream = stream
        self.name = name
        self.interruption = interruption
        canStall = false
    }

    /// A pipe whose other end says nothing must not keep an interruption waiting.
    private func waitForInput(_ descriptor: SharedDescriptor) throws(StorageError) {
        guard canStall else { return }
        while !descriptor.descriptor.isReadable(withinMilliseconds: 200) { try interruption.check() }
    }

    /// What is buffered and not yet taken.
    var available: ArraySlice<UInt8> { buffer[position...] }

    /// Reads until at least `count` bytes are available; fewer remain at the end of the input.
    func fill(_ count: Int) throws(StorageError) {
        guard buffer.count - position < count, !isAtEnd else { return }
        if position > 0 {
            buffer.removeSubrange(..<position)
            position = 0
        }
        while buffer.count < count && !isAtEnd {
            guard let descriptor else {
                try fillFromStream()
                continue
            }
            let wanted = readBytes(for: count - buffer.count)
            guard wanted > 0 else {
                isAtEnd = true
                break
            }
            try waitForInput(descriptor)
            var failure: FileError?
            let part = [UInt8](unsafeUninitializedCapacity: wanted) { room, filled in
                do throws(FileError) {
                    let bytes = UnsafeMutableRawBufferPointer(room)
                    filled =
                        canStall
                        ? try descriptor.descriptor.readAvailable(into: bytes)
                        : try descriptor.descriptor.read(into: bytes, at: range?.lowerBound)
                } catch {
                    failure = error
                }
            }
            if let failure { throw StorageError(failure, doing: "read \(name)", object: name) }
            isAtEnd = canStall ? part.isEmpty : part.count < wanted
            if let rest = range { range = (rest.lowerBound + UInt64(part.count))..<rest.upperBound }
            if buffer.isEmpty { buffer = part } else { buffer.append(contentsOf: part) }
        }
    }

    private func fillFromStream() throws(StorageError) {
        guard let part = try stream?.next() else {
            isAtEnd = true
            return
        }
        if buffer.isEmpty { buffer = part } else { buffer += part }
    }

    private func readBytes(for count: Int) -> Int {
        if canStall { return Self.pipeBytes }
        let wanted = max(Self.readBytes, count)
        return range.map { Int(min(UInt64(wanted), UInt64($0.count))) } ?? wanted
    }

    /// Takes `count` of the available bytes.
    func take(_ count: Int) -> [UInt8] {
        let bytes = Array(buffer[position..<(position + count)])
        skip(count)
        return bytes
    }

    func skip(_ count: Int) {
        position += count
        offset += UInt64(count)
    }

    /// Takes everything that is buffered, reading more if nothing is; `nil` at the end.
    func takeChunk() throws(StorageError) -> [UInt8]? {
        try fill(1)
        guard position < buffer.count else { return nil }
        return take(buffer.count - position)
    }
}
