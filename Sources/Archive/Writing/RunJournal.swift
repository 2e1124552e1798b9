package import FileTree
package import StorageModel

/// Notes beside an archive that is being written what of it is written: the entries and frames of its table, which comes only at
/// its end. From these notes the next run takes up what this one leaves if it is interrupted (``InterruptedRun``).
///
/// The notes are a hint. Nothing is synced; a piece that did not reach the disk, or a frame of the archive that did not, is found
/// out by its checksum. What cannot be written ends the notes, not the archive. Used by one thread.
package final class RunJournal {
    private let origin: ArchiveOrigin
    private let makeFile: () throws(FileError) -> Descriptor
    private var file: SharedDescriptor?
    private var position: UInt64 = 0
    private var place = TablePlace()
    private var hasFailed = false
    private var newBytes: UInt64 = 0
    private var newBytesSinceNote: UInt64 = 0

    /// So much may be compressed in vain.
    private static let noteBytes: UInt64 = 4 << 20
    /// Less than this is not worth to be left, nor a note at the end of a file.
    private static let worthwhileBytes: UInt64 = 1 << 20

    /// - Parameter makeFile: makes the empty file, once there is something to note.
    package init(_ origin: ArchiveOrigin, makeFile: @escaping () throws(FileError) -> Descriptor) {
        (self.origin, self.makeFile) = (origin, makeFile)
    }

    /// Whether there is something in it.
    package var hasNotes: Bool { file != nil && !hasFailed }

    /// Whether enough was compressed to be left for another run.
    var isWorthwhile: Bool { newBytes >= Self.worthwhileBytes }

    /// Counts what was compressed, not taken over.
    ///
    /// - Parameter endsFile: whether a large file is complete, which need not be read again once that is noted.
    /// - Returns: whether it is time for a note.
    func isDue(after bytes: UInt64, endsFile: Bool) -> Bool {
        newBytes += bytes
        newBytesSinceNote += bytes
        return newBytesSinceNote >= (endsFile ? Self.worthwhileBytes : Self.noteBytes)
    }

    /// Notes what the table has by now. Its frames were given to the sink; what did not reach the file is known by its size.
    func note(_ table: borrowing TableBuilder) {
        newBytesSinceNote = 0
        if hasFailed { return }
        let additions = table.additions(since: &place)
        if additions.isEmpty { return }
        do throws(FileError) {
            if file == nil {
                file = SharedDescriptor(try makeFile())
                try append(JournalRecord.encoded(origin))
            }
            try append(JournalRecord.encoded(additions))
        } catch {
            hasFailed = true
        }
    }

    private func append(_ bytes: [UInt8]) throws(FileError) {
        guard let file else { return }
        try file.descriptor.writeAll(bytes, at: position)
        position += UInt64(bytes.count)
    }
}

/// The form of a journal: records of a length, a payload and its checksum; the first one tells of what run they are.
enum JournalRecord {
    static let version: UInt64 = 2
    private static let magic = Array("HFJ1".utf8)
    private static let frameBytes = 4 + 8 + 8

    static func encoded(_ origin: ArchiveOrigin) -> [UInt8] {
        var encoder = TableEncoder()
        encoder.append(version)
        origin.encode(to: &encoder)
        origin.encodeSliceKey(to: &encoder)
        return framed(encoder.bytes)
    }

    /// One note: it counts as a whole or not at all.
    static func encoded(_ additions: [TableAddition]) -> [UInt8] {
        var encoder = TableEncoder()
        encoder.append(UInt64(additions.count))
        for addition in additions { addition.encode(to: &encoder) }
        return framed(encoder.bytes)
    }

    static func origin(_ payload: [UInt8]) throws(TableFault) -> ArchiveOrigin {
        var decoder = TableDecoder(payload)
        guard try decoder.integer() == version else { throw TableFault("its journal is of another version") }
        var origin = try ArchiveOrigin(from: &decoder)
        try origin.decodeSliceKey(from: &decoder)
        return origin
    }

    static func additions(_ payload: [UInt8]) throws(TableFault) -> [TableAddition] {
        var decoder = TableDecoder(payload)
        var additions: [TableAddition] = []
        for _ in 0..<(try decoder.integer(UInt32.self)) { additions.append(try TableAddition(from: &decoder)) }
        return additions
    }

    private static func framed(_ payload: [UInt8]) -> [UInt8] {
        var bytes = magic
        bytes.appendLittleEndian(UInt64(payload.count))
        bytes += payload
        bytes.appendLittleEndian(XXH64.hash(payload))
        return bytes
    }

    /// The payloads of the records, up to the first one that is cut or damaged.
    static func payloads(in bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var position = 0
        while bytes.count - position >= frameBytes {
            guard bytes[position..<(position + 4)].elementsEqual(magic) else { break }
            let length = bytes.littleEndian(UInt64.self, at: position + 4)
            guard length <= UInt64(bytes.count - position - frameBytes) else { break }
            let start = position + 12
            let end = start + Int(length)
            let payload = Array(bytes[start..<end])
            guard bytes.littleEndian(UInt64.self, at: end) == XXH64.hash(payload) else { break }
            result.append(payload)
            position = end + 8
        }
        return result
    }
}
