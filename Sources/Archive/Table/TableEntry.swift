package import StorageModel

/// What the table says of one entry: enough to list it, to find its header, and to tell later whether it changed.
package struct TableEntry: Hashable, Sendable {
    package var path: EntryPath
    package var kind: EntryKind
    package var metadata: EntryMetadata
    package var sizeBytes: UInt64 = 0
    /// Bytes of data in the tar stream; less than ``sizeBytes`` for a file with holes.
    package var storedBytes: UInt64 = 0
    package var isSparse = false
    package var linkTarget: [UInt8] = []
    package var deviceMajor: UInt32 = 0
    package var deviceMinor: UInt32 = 0
    /// See `ArchiveFormat`: of the data, or of the digests of its slices. `nil` for what has no data.
    package var digest: Digest?
    /// What the source's file system said when the file was read; zero for archives made from other streams.
    package var changedAt = Timestamp(seconds: 0)
    package var inode: UInt64 = 0
    package var device: UInt64 = 0
    package var changedDuringRead = false
    /// The data frame that holds the header, and where in its raw bytes the header begins.
    package var headerFrame: UInt64 = 0
    package var headerOffset: UInt64 = 0
    /// The header with its pax records and sparse map.
    package var headerBytes: UInt64 = 0

    /// The digest with the name of its rule, as `backup contents` prints it.
    package var digestText: String? {
        guard let digest else { return nil }
        let rule = "sha256" + (isSparse ? "-data" : "") + (isInPayloadFrames ? "-slices" : "")
        return "\(rule):\(digest.hex)"
    }

    /// Whether a tar header, seen as an entry, says the same in everything that a header says.
    package func agrees(with entry: TableEntry) -> Bool {
        path == entry.path && kind == entry.kind && metadata == entry.metadata && sizeBytes == entry.sizeBytes
            && storedBytes == entry.storedBytes && isSparse == entry.isSparse && linkTarget == entry.linkTarget
            && deviceMajor == entry.deviceMajor && deviceMinor == entry.deviceMinor
    }

    /// Whether the data stands in payload frames behind the header's frame.
    package var isInPayloadFrames: Bool { storedBytes >= Chunking.largeFromBytes }
}

/// Where the stream is cut into frames. The values are part of the format; `ArchiveFormat` gives the reasons.
package enum Chunking {
    /// Files with this much data and more have a header frame and payload frames of their own.
    package static let largeFromBytes: UInt64 = 1 << 20
    /// The data of one payload frame; the last one of a file holds the rest.
    package static let sliceBytes: UInt64 = 4 << 20
    /// A group is never cut below this, unless something else than a small file follows.
    static let groupFloorBytes = 512 << 10
    /// Beyond the floor, a cut comes on the average after so many bytes.
    static let groupMeanBytes: UInt64 = 768 << 10
    /// A group is cut before it exceeds this.
    static let groupCeilingBytes = 3 << 20

    /// Whether a group may end behind this entry: by a hash of its path, more likely the larger it is, so that neither an
    /// insertion nor a removal elsewhere moves the cut.
    static func cuts(behind path: EntryPath, entryBytes: UInt64) -> Bool {
        let chance = Double(entryBytes) / Double(groupMeanBytes)
        return Double(XXH64.hash(path.bytes) >> 11) < chance * Double(UInt64(1) << 53)
    }

    /// The parts of so much stored data, each of which is one payload frame.
    static func slices(of storedBytes: UInt64) -> some Sequence<Range<UInt64>> {
        stride(from: 0, to: storedBytes, by: Int(sliceBytes)).lazy.map { $0..<min($0 + sliceBytes, storedBytes) }
    }

    /// How many payload frames hold `storedBytes`.
    package static func sliceCount(_ storedBytes: UInt64) -> UInt64 { (storedBytes + sliceBytes - 1) / sliceBytes }
}

/// Codes the entries of one chunk. Each is written relative to the one before; the first relative to nothing.
struct TableEntryCoder {
    private var previous: TableEntry?
    private var expectedOffset: UInt64 = 0

    private enum Flag {
        static let sparse: UInt8 = 0x10
        static let digest: UInt8 = 0x20
        static let changed: UInt8 = 0x40
        static let sameOwner: UInt8 = 0x80
    }

    mutating func encode(_ entry: TableEntry, to encoder: inout TableEncoder) {
        let old = previous
        let sameOwner = old.map {
            $0.metadata.uid == entry.metadata.uid && $0.metadata.gid == entry.metadata.gid && $0.device == entry.device
        }
        var flags = entry.kind.rawValue
        if entry.isSparse { flags |= Flag.sparse }
        if entry.digest != nil { flags |= Flag.digest }
        if entry.changedDuringRead { flags |= Flag.changed }
        if sameOwner == true { flags |= Flag.sameOwner }
        encoder.append(byte: flags)
        let shared = old.map { sharedPrefix($0.path.bytes, entry.path.bytes) } ?? 0
        encoder.append(UInt64(shared))
        encoder.append(string: entry.path.bytes[shared...])
        encoder.append(UInt64(entry.metadata.mode))
        if sameOwner != true {
            encoder.append(UInt64(entry.metadata.uid))
            encoder.append(UInt64(entry.metadata.gid))
            encoder.append(entry.device)
        }
        encode(entry.metadata.modifiedAt, after: old?.metadata.modifiedAt, to: &encoder)
        encode(entry.changedAt, after: old?.changedAt, to: &encoder)
        encoder.append(signed: Int64(bitPattern: entry.inode &- (old?.inode ?? 0)))
        encoder.append(entry.headerFrame &- (old?.headerFrame ?? 0))
        let expected = old?.headerFrame == entry.headerFrame ? expectedOffset : 0
        encoder.append(signed: Int64(bitPattern: entry.headerOffset &- expected))
        encoder.append(entry.headerBytes)
        switch entry.kind {
        case .file:
            encoder.append(entry.sizeBytes)
            if entry.isSparse { encoder.append(entry.storedBytes) }
        case .symbolicLink, .hardLink: encoder.append(string: entry.linkTarget)
        case .characterDevice, .blockDevice:
            encoder.append(UInt64(entry.deviceMajor))
            encoder.append(UInt64(entry.deviceMinor))
        case .directory, .fifo, .socket: break
        }
        if let digest = entry.digest { encoder.append(raw: digest.bytes) }
        remember(entry)
    }

    mutating func decode(from decoder: inout TableDecoder) throws(TableFault) -> TableEntry {
        let old = previous
        let flags = try decoder.byte()
        guard let kind = EntryKind(rawValue: flags & 0x0f) else { throw TableFault("an entry is of an unknown kind") }
        let shared = try decoder.integer()
        let prefix = old?.path.bytes ?? []
        guard shared <= UInt64(prefix.count) else { throw TableFault("a path refers to bytes that are not there") }
        let bytes = prefix[..<Int(shared)] + (try decoder.string())
        guard let path = EntryPath(canonical: Array(bytes)) else {
            throw TableFault("a path is not of the form")
        }
        let mode = try decoder.integer(UInt16.self)
        var (uid, gid, device) = (old?.metadata.uid ?? 0, old?.metadata.gid ?? 0, old?.device ?? 0)
        if flags & Flag.sameOwner == 0 {
            uid = try decoder.integer(UInt32.self)
            gid = try decoder.integer(UInt32.self)
            device = try decoder.integer()
        }
        let modifiedAt = try decodeTime(after: old?.metadata.modifiedAt, from: &decoder)
        var entry = TableEntry(
            path: path, kind: kind, metadata: EntryMetadata(mode: mode, uid: uid, gid: gid, modifiedAt: modifiedAt))
        entry.device = device
        entry.isSparse = flags & Flag.sparse != 0
        entry.changedDuringRead = flags & Flag.changed != 0
        entry.changedAt = try decodeTime(after: old?.changedAt, from: &decoder)
        entry.inode = (old?.inode ?? 0) &+ UInt64(bitPattern: try decoder.signed())
        entry.headerFrame = (old?.headerFrame ?? 0) &+ (try decoder.integer())
        let expected = old?.headerFrame == entry.headerFrame ? expectedOffset : 0
        entry.headerOffset = expected &+ UInt64(bitPattern: try decoder.signed())
        entry.headerBytes = try decoder.integer()
        guard entry.headerOffset <= UInt64(FrameLimits.rawBytes), entry.headerBytes <= UInt64(FrameLimits.rawBytes)
        else {
            throw TableFault("an entry's header lies outside of its frame")
        }
        try decodeKind(&entry, from: &decoder)
        if flags & Flag.digest != 0 { entry.digest = Digest(try decoder.raw(Digest.lengthBytes)) }
        remember(entry)
        return entry
    }

    private func decodeKind(_ entry: inout TableEntry, from decoder: inout TableDecoder) throws(TableFault) {
        switch entry.kind {
        case .file:
            entry.sizeBytes = try decoder.integer()
            entry.storedBytes = entry.isSparse ? try decoder.integer() : entry.sizeBytes
            guard entry.storedBytes <= entry.sizeBytes, entry.sizeBytes <= UInt64(Int64.max) else {
                throw TableFault("a size is out of range")
            }
        case .symbolicLink, .hardLink: entry.linkTarget = Array(try decoder.string())
        case .characterDevice, .blockDevice:
            entry.deviceMajor = try decoder.integer(UInt32.self)
            entry.deviceMinor = try decoder.integer(UInt32.self)
        case .directory, .fifo, .socket: break
        }
    }

    private mutating func remember(_ entry: TableEntry) {
        let data = entry.isInPayloadFrames ? 0 : entry.storedBytes + UInt64(TarBlock.padding(after: entry.storedBytes))
        expectedOffset = entry.headerOffset + entry.headerBytes + data
        previous = entry
    }

    private func encode(_ time: Timestamp, after old: Timestamp?, to encoder: inout TableEncoder) {
        encoder.append(signed: time.seconds &- (old?.seconds ?? 0))
        encoder.append(UInt64(time.nanoseconds))
    }

    private func decodeTime(after old: Timestamp?, from decoder: inout TableDecoder) throws(TableFault) -> Timestamp {
        let seconds = (old?.seconds ?? 0) &+ (try decoder.signed())
        let nanoseconds = try decoder.integer(UInt32.self)
        guard nanoseconds < 1_000_000_000 else { throw TableFault("a time is out of range") }
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    private func sharedPrefix(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let limit = min(left.count, right.count)
        var count = 0
        while count < limit && left[count] == right[count] { count += 1 }
        return count
    }
}
