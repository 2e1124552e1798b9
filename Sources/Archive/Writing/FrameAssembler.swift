internal import FileTree
internal import StorageModel

/// Builds the raw bytes of one data frame and compresses them. One per worker thread; buffers are used again.
///
/// The digest of a frame is SHA-256 of its raw bytes with the data of each member replaced by the member's own digest:
/// that way every byte is hashed once, and a file's digest does not depend on its neighbours.
struct FrameAssembler: ~Copyable {
    private var raw = RawBuffer(capacity: 4 << 20)
    private var encoder: FrameEncoder
    private var hasher = ContentHasher()
    private var entries: [TableEntry] = []
    private var proposal = (start: 0, headerBytes: 0)

    init(level: Int) throws(StorageError) { encoder = try FrameEncoder(level: level) }

    var rawBytes: Int { raw.count }
    var isEmpty: Bool { raw.count == 0 }
    /// What was added last to this frame.
    var lastEntry: TableEntry? { entries.last }

    /// Appends bytes that are no file's data: padding, headers, the end of the archive.
    mutating func append(_ bytes: [UInt8]) {
        raw.append(bytes)
        hasher.update(bytes)
    }

    /// Appends an entry that has no data in this frame.
    mutating func append(header: [UInt8], of entry: TableEntry) {
        var entry = entry
        entry.headerOffset = UInt64(raw.count)
        entry.headerBytes = UInt64(header.count)
        append(header)
        entries.append(entry)
    }

    /// Appends a file with its data, without making it final: ``accept(_:)`` or ``reject()`` must follow.
    ///
    /// - Parameter read: fills the room of `storedBytes` from the file; what it leaves becomes zeros.
    mutating func propose(
        header: [UInt8], storedBytes: Int, _ read: (UnsafeMutableRawBufferPointer) throws(FileError) -> Int
    ) throws(FileError) -> Int {
        proposal = (raw.count, header.count)
        raw.append(header)
        let filled: Int
        do throws(FileError) {
            filled = try raw.append(upTo: storedBytes, read)
        } catch {
            reject()
            throw error
        }
        raw.appendZeros(storedBytes - filled + TarBlock.padding(after: storedBytes))
        return filled
    }

    /// Takes back what was proposed.
    mutating func reject() { raw.removeLast(to: proposal.start) }

    /// Makes the proposed file part of the frame; its digest is set from the data that was read.
    ///
    /// - Parameter expected: rejects the proposal if the data is other than that.
    /// - Returns: whether it was accepted.
    @discardableResult
    mutating func accept(_ entry: TableEntry, expecting expected: Digest? = nil) -> Bool {
        var entry = entry
        let dataStart = proposal.start + proposal.headerBytes
        let dataEnd = dataStart + Int(entry.storedBytes)
        entry.headerOffset = UInt64(proposal.start)
        entry.headerBytes = UInt64(proposal.headerBytes)
        entry.digest = entry.storedBytes > 0 ? raw.withBytes(dataStart..<dataEnd) { ContentHasher.digest($0) } : nil
        if let expected, entry.digest != expected {
            reject()
            return false
        }
        raw.withBytes(proposal.start..<dataStart) { hasher.update($0) }
        if let digest = entry.digest { hasher.update(digest.bytes) }
        raw.withBytes(dataEnd..<raw.count) { hasher.update($0) }
        entries.append(entry)
        return true
    }

    /// Appends a slice of a large file's data: `body` fills the room and the rest becomes zeros.
    mutating func appendSlice(
        _ length: Int, _ body: (UnsafeMutableRawBufferPointer) throws(StorageError) -> Int
    ) throws(StorageError) {
        let filled = try raw.append(upTo: length, body)
        raw.appendZeros(length - filled)
    }

    /// The mark of the slice that was appended.
    func mark(_ marker: SliceMarker) -> SliceMark? { raw.withBytes(0..<raw.count) { marker.mark(of: $0) } }

    /// Takes back the slice that was appended.
    mutating func rejectSlice() { raw.removeAll() }

    /// Compresses what was gathered, unless the previous archive has a frame of the same content, and starts anew.
    mutating func seal(
        _ kind: FrameRecord.Kind, previous: PreviousArchive? = nil
    ) throws(StorageError) -> EncodedFrame {
        if kind == .payload { raw.withBytes(0..<raw.count) { hasher.update($0) } }
        let digest = hasher.finalize()
        let frame: EncodedFrame
        // The content is at hand: this is the moment to find out whether the stored frame is still what it was.
        if let previous, let stored = previous.frame(of: kind, digest: digest, rawBytes: UInt64(raw.count)),
            previous.soundBytes(of: stored) != nil
        {
            frame = EncodedFrame(stored, entries: entries)
        } else {
            let compressed = try raw.withBytes(0..<raw.count) { (bytes) throws(StorageError) in
                try encoder.compress(bytes)
            }
            frame = EncodedFrame(
                kind: kind, content: .bytes(compressed), rawBytes: UInt64(raw.count), digest: digest,
                checksum: XXH64.hash(compressed), entries: entries)
        }
        raw.removeAll()
        hasher = ContentHasher()
        entries.removeAll(keepingCapacity: true)
        return frame
    }
}
