internal import StorageModel

/// A data frame that is ready to be written, and the entries whose headers it holds.
struct EncodedFrame: Sendable {
    enum Content: Sendable {
        case bytes([UInt8])
        /// As it stands in the previous archive.
        case stored(PlacedFrame)
    }

    let kind: FrameRecord.Kind
    let content: Content
    let rawBytes: UInt64
    let digest: Digest
    let checksum: UInt64
    /// For a payload frame, under the key of the archive that is written.
    var mark: SliceMark?
    /// In order; their ``TableEntry/headerFrame`` is filled in when the frame's place is known.
    var entries: [TableEntry] = []
    /// For a payload frame: whether the file's data ends here.
    var endsFile = false
    /// For a payload frame: whether the file is known to have changed, or could not be read.
    var isSuspect = false

    var compressedBytes: UInt64 {
        switch content {
        case .bytes(let bytes): UInt64(bytes.count)
        case .stored(let frame): frame.record.compressedBytes
        }
    }
}

extension EncodedFrame {
    /// A frame of the previous archive, to be taken over.
    init(_ frame: PlacedFrame, entries: [TableEntry] = []) {
        self.init(
            kind: frame.record.kind, content: .stored(frame), rawBytes: frame.record.rawBytes,
            digest: frame.record.digest, checksum: frame.record.checksum, mark: frame.record.mark, entries: entries)
    }
}

/// A growing buffer whose new bytes need not be set to zero first. Owned by one thread.
struct RawBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 4096)
        base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 4096)
    }

    deinit { base.deallocate() }

    mutating func removeAll() { count = 0 }

    mutating func removeLast(to newCount: Int) { count = min(count, newCount) }

    mutating func append(_ bytes: [UInt8]) {
        reserve(bytes.count)
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { (base + count).copyMemory(from: start, byteCount: source.count) }
        }
        count += bytes.count
    }

    mutating func appendZeros(_ length: Int) {
        reserve(length)
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: length)
        count += length
    }

    /// Calls `body` with room for `length` bytes behind the content; it returns how many it filled.
    mutating func append<Failure: Error>(
        upTo length: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        reserve(length)
        let filled = try body(UnsafeMutableRawBufferPointer(start: base + count, count: length))
        precondition(filled <= length, "more bytes than there is room for")
        count += filled
        return filled
    }

    /// Calls `body` with a part of the content; the pointer is valid during the call only.
    borrowing func withBytes<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside of the buffer")
        return try body(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    private mutating func reserve(_ additional: Int) {
        guard count + additional > capacity else { return }
        let grown = max(capacity * 2, count + additional)
        let target = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 4096)
        target.copyMemory(from: base, byteCount: count)
        base.deallocate()
        (base, capacity) = (target, grown)
    }
}
