package import StorageModel

/// Reads a tar stream: entries in order, and between them the data of the current entry, without copying it.
///
/// Trusts nothing: sizes, names, maps and records are bounded by ``ArchiveLimits`` before memory is taken for them, a pax
/// `size` rules over the header's, and what is not of the form throws. The names are made relative to the root: a
/// leading `/` or `./` falls away (as GNU tar does it), `..` throws.
package struct TarReader {
    private var feed: any ByteFeed
    private let limits: ArchiveLimits
    private var chunk: [UInt8] = []
    private var position = 0
    /// Bytes of the current entry's data that were not handed out yet, and the padding behind them.
    private var remainingData: UInt64 = 0
    private var remainingPadding = 0
    private var entryCount: UInt64 = 0
    private var global = PaxOverrides()
    /// Bytes of the tar stream taken so far.
    package private(set) var offset: UInt64 = 0
    /// Whether the two blocks of zeros were seen: a stream that ends without them was cut off.
    package private(set) var sawEndOfArchive = false
    private let recordsFraming: Bool
    private var framing: [UInt8] = []

    /// - Parameter recordsFraming: whether every byte that is no entry's data is kept for ``takeFraming()``.
    package init(_ feed: any ByteFeed, limits: ArchiveLimits, recordsFraming: Bool = false) {
        self.feed = feed
        self.limits = limits
        self.recordsFraming = recordsFraming
    }

    /// The bytes of the stream since the last call that were not handed out as data: padding, headers, sparse maps, the end
    /// of the archive. Together with the data, in order, they are the stream.
    package mutating func takeFraming() -> [UInt8] {
        defer { framing.removeAll(keepingCapacity: true) }
        return framing
    }

    /// Skips what is left of the current entry and reads the next header.
    ///
    /// - Returns: `nil` at the end of the archive, or of the stream.
    /// - Throws: ``StorageError/Code/damaged`` or ``StorageError/Code/limitExceeded``, saying where and which rule.
    package mutating func nextEntry() throws(StorageError) -> TarEntry? {
        while try nextData() != nil {}
        try skip(remainingPadding)
        remainingPadding = 0
        do throws(TarFault) {
            guard let entry = try readEntry() else { return nil }
            entryCount += 1
            if entryCount > limits.entries {
                throw TarFault("it has more than \(limits.entries) entries", exceedsLimit: true)
            }
            return entry
        } catch {
            throw failure(error)
        }
    }

    /// The next part of the current entry's data; `nil` when all was handed out.
    package mutating func nextData() throws(StorageError) -> ByteSlice? {
        guard remainingData > 0 else { return nil }
        guard try fill() else { throw truncated("inside the data of an entry") }
        let count = Int(min(UInt64(chunk.count - position), remainingData))
        let slice = ByteSlice(chunk, position..<(position + count))
        position += count
        offset += UInt64(count)
        remainingData -= UInt64(count)
        return slice
    }

    /// Passes over what is left of the current entry's data, without reading it where the feed can.
    package mutating func skipData() throws(StorageError) {
        let buffered = min(UInt64(chunk.count - position), remainingData)
        position += Int(buffered)
        offset += buffered
        remainingData -= buffered
        while remainingData > 0 {
            let skipped = try feed.skip(remainingData)
            guard skipped > 0, skipped <= remainingData else { break }
            offset += skipped
            remainingData -= skipped
        }
        while try nextData() != nil {}
    }

    /// Reads the stream to its end, behind the end of the archive.
    package mutating func drain() throws(StorageError) {
        while try nextTrailingBytes() != nil {}
    }

    /// The next bytes behind the end of the archive, whatever they are; `nil` at the end of the stream.
    package mutating func nextTrailingBytes() throws(StorageError) -> ByteSlice? {
        guard try fill() else { return nil }
        let slice = ByteSlice(chunk, position..<chunk.count)
        offset += UInt64(slice.count)
        position = chunk.count
        return slice
    }

    // MARK: Headers

    private var pending: StorageError?

    private mutating func readEntry() throws(TarFault) -> TarEntry? {
        var local = global
        var longName: [UInt8]?
        var longLink: [UInt8]?
        var isFollowingHeader = false
        while true {
            guard let block = try takeBlock(mayEnd: !isFollowingHeader) else { return nil }
            guard let header = try TarHeaderBlock(block) else {
                if isFollowingHeader { throw TarFault("an extended header is followed by no entry") }
                guard let second = try takeBlock(mayEnd: true) else {
                    sawEndOfArchive = true
                    return nil
                }
                guard second.allSatisfy({ $0 == 0 }) else {
                    throw TarFault("a lone block of zeros stands between entries")
                }
                sawEndOfArchive = true
                return nil
            }
            switch header.typeFlag {
            case UInt8(ascii: "x"): try local.merge(try takeBody(header), limits: limits)
            case UInt8(ascii: "g"):
                try global.merge(try takeBody(header), limits: limits)
                local = global
            case UInt8(ascii: "L"): longName = try takeBody(header).prefix { $0 != 0 }.map { $0 }
            case UInt8(ascii: "K"): longLink = try takeBody(header).prefix { $0 != 0 }.map { $0 }
            default:
                if let longName, local.path == nil { local.path = longName }
                if let longLink, local.linkPath == nil { local.linkPath = longLink }
                return try makeEntry(header, local)
            }
            isFollowingHeader = true
        }
    }

    private mutating func makeEntry(_ header: TarHeaderBlock, _ pax: PaxOverrides) throws(TarFault) -> TarEntry {
        let rawName = pax.sparseName ?? pax.path ?? header.name
        let kind = try kind(header.typeFlag, name: rawName)
        var entry = TarEntry(
            path: try path(rawName, what: "an entry"), kind: kind,
            metadata: EntryMetadata(
                mode: UInt16(truncatingIfNeeded: header.mode), uid: try id(pax.uid ?? header.uid),
                gid: try id(pax.gid ?? header.gid),
                modifiedAt: pax.modifiedAt ?? Timestamp(seconds: header.modifiedSeconds)))
        if entry.path.isRoot && kind != .directory { throw TarFault("its root is not a directory") }
        let memberBytes = kind == .file ? pax.size ?? header.size : 0
        remainingData = memberBytes
        remainingPadding = TarBlock.padding(after: memberBytes)
        entry.sizeBytes = memberBytes
        entry.deviceMajor = UInt32(truncatingIfNeeded: header.deviceMajor)
        entry.deviceMinor = UInt32(truncatingIfNeeded: header.deviceMinor)
        entry.extendedAttributes = pax.extendedAttributes.map { ExtendedAttribute(name: $0.key, value: $0.value) }
            .sorted { $0.name < $1.name }
        entry.unresolvedAttributes = pax.unresolvedLists.sorted()
        let link = pax.linkPath ?? header.linkName
        if kind == .hardLink { entry.linkTarget = try path(link, what: "a hard link's target").bytes }
        if kind == .symbolicLink {
            if link.isEmpty { throw TarFault("symbolic link '\(entry.path.description.printable())' has no target") }
            entry.linkTarget = link
        }
        if kind == .file { try readSparseMap(of: &entry, header, pax) }
        return entry
    }

    private mutating func readSparseMap(
        of entry: inout TarEntry, _ header: TarHeaderBlock, _ pax: PaxOverrides
    ) throws(TarFault) {
        let extents: [Range<UInt64>]
        let realSize: UInt64
        if let major = pax.sparseMajor, major == 1, pax.sparseMinor == 0 {
            extents = try readLeadingMap()
            realSize = pax.sparseRealSize ?? 0
        } else if !pax.sparseNumbers.isEmpty {
            extents = try Self.pair(pax.sparseNumbers)
            realSize = pax.sparseRealSize ?? 0
        } else if var sparse = header.oldSparse {
            var continues = sparse.continues
            while continues {
                guard let block = try takeBlock(mayEnd: false) else { return }
                sparse.extents += try TarHeaderBlock.extents(in: block[0..<504])
                guard sparse.extents.count <= limits.sparseExtents else {
                    throw TarFault("a sparse map has more than \(limits.sparseExtents) extents", exceedsLimit: true)
                }
                continues = block[504] != 0
            }
            extents = sparse.extents
            realSize = sparse.realSize
        } else {
            return
        }
        var end: UInt64 = 0
        for extent in extents {
            guard extent.lowerBound >= end, extent.upperBound <= realSize else {
                throw TarFault("the sparse map of '\(entry.path.description.printable())' overlaps or exceeds the file")
            }
            end = extent.upperBound
        }
        let map = SparseMap(extents: extents)
        guard map.storedBytes == remainingData else {
            throw TarFault("the sparse map of '\(entry.path.description.printable())' does not match its data")
        }
        entry.sizeBytes = realSize
        entry.sparseMap = map
    }

    /// The map of format 1.0: decimal lines in front of the data, the first being their number of pairs.
    private mutating func readLeadingMap() throws(TarFault) -> [Range<UInt64>] {
        var text: [UInt8] = []
        var numbers: [UInt64] = []
        var expected: UInt64?
        while expected == nil || UInt64(numbers.count) < (expected ?? 0) * 2 {
            guard let newline = text.firstIndex(of: UInt8(ascii: "\n")) else {
                guard text.count <= TarBlock.sizeBytes, remainingData >= UInt64(TarBlock.sizeBytes),
                    let block = try takeBlock(mayEnd: false)
                else { throw TarFault("a sparse map is longer than its entry") }
                remainingData -= UInt64(TarBlock.sizeBytes)
                text += block
                continue
            }
            guard let number = PaxRecords.decimal(text[..<newline]) else {
                throw TarFault("a sparse map is not numbers")
            }
            text.removeFirst(newline + 1)
            if expected == nil {
                guard number <= UInt64(limits.sparseExtents) else {
                    throw TarFault("a sparse map has more than \(limits.sparseExtents) extents", exceedsLimit: true)
                }
                expected = number
            } else {
                numbers.append(number)
            }
        }
        return try Self.pair(numbers)
    }

    private static func pair(_ numbers: [UInt64]) throws(TarFault) -> [Range<UInt64>] {
        guard numbers.count % 2 == 0 else { throw TarFault("a sparse map has an offset without a length") }
        var extents: [Range<UInt64>] = []
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let (end, overflow) = numbers[index].addingReportingOverflow(numbers[index + 1])
            if overflow { throw TarFault("a sparse extent is out of range") }
            if numbers[index + 1] > 0 { extents.append(numbers[index]..<end) }
        }
        return extents
    }

    // MARK: Fields

    private func path(_ raw: [UInt8], what: String) throws(TarFault) -> EntryPath {
        let relative = raw.drop { $0 == UInt8(ascii: "/") }
        guard raw.count <= limits.pathBytes else {
            throw TarFault("\(what) has a path of \(raw.count) bytes", exceedsLimit: true)
        }
        guard let path = EntryPath(parsing: relative) else {
            throw TarFault("\(what) is called '\(Self.shown(raw))', which leads out of the archive's root")
        }
        if raw.count > limits.nameBytes, let long = path.components.first(where: { $0.count > limits.nameBytes }) {
            throw TarFault(
                "\(what) has a name of \(long.count) bytes, \(limits.nameBytes) is the most: '\(Self.shown(raw))'")
        }
        return path
    }

    private static func shown(_ raw: [UInt8]) -> String { String(decoding: raw.prefix(300), as: UTF8.self).printable() }

    private func id(_ value: UInt64) throws(TarFault) -> UInt32 {
        guard let id = UInt32(exactly: value), id != .max else { throw TarFault("an owner's number is out of range") }
        return id
    }

    private func kind(_ typeFlag: UInt8, name: [UInt8]) throws(TarFault) -> EntryKind {
        switch typeFlag {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"):
            // Before ustar, a slash behind the name was what made it a directory.
            typeFlag == 0 && name.last == UInt8(ascii: "/") ? .directory : .file
        case UInt8(ascii: "1"): .hardLink
        case UInt8(ascii: "2"): .symbolicLink
        case UInt8(ascii: "3"): .characterDevice
        case UInt8(ascii: "4"): .blockDevice
        case UInt8(ascii: "5"), UInt8(ascii: "D"): .directory
        case UInt8(ascii: "6"): .fifo
        default: throw TarFault("an entry has the unknown type '\(String(UnicodeScalar(typeFlag)).printable())'")
        }
    }

    // MARK: Bytes

    private mutating func takeBody(_ header: TarHeaderBlock) throws(TarFault) -> [UInt8] {
        guard header.size <= UInt64(limits.headerBytes) else {
            throw TarFault("an extended header has \(header.size) bytes", exceedsLimit: true)
        }
        guard let body = try take(Int(header.size)), try take(TarBlock.padding(after: header.size)) != nil else {
            throw TarFault("the stream ends inside a header")
        }
        return body
    }

    private mutating func takeBlock(mayEnd: Bool) throws(TarFault) -> [UInt8]? {
        let block = try take(TarBlock.sizeBytes)
        if block == nil && !mayEnd { throw TarFault("the stream ends inside a header") }
        return block
    }

    /// - Returns: `nil` if the stream ends exactly here.
    private mutating func take(_ count: Int) throws(TarFault) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            do throws(StorageError) {
                guard try fill() else {
                    if result.isEmpty { return nil }
                    throw truncated("inside a header")
                }
            } catch {
                pending = error
                throw TarFault(error.message)
            }
            let part = min(chunk.count - position, count - result.count)
            result.append(contentsOf: chunk[position..<(position + part)])
            position += part
            offset += UInt64(part)
        }
        if recordsFraming { framing.append(contentsOf: result) }
        return result
    }

    private mutating func skip(_ count: Int) throws(StorageError) {
        var rest = count
        while rest > 0 {
            guard try fill() else { throw truncated("behind the data of an entry") }
            let part = min(chunk.count - position, rest)
            if recordsFraming { framing.append(contentsOf: chunk[position..<(position + part)]) }
            position += part
            offset += UInt64(part)
            rest -= part
        }
    }

    /// Makes sure that the chunk has a byte left; `false` at the end of the stream.
    private mutating func fill() throws(StorageError) -> Bool {
        while position == chunk.count {
            guard let next = try feed.nextChunk() else { return false }
            chunk = next
            position = 0
        }
        return true
    }

    private func truncated(_ place: String) -> StorageError {
        StorageError(
            .truncated, "the archive ends \(place), \(offset) bytes into its tar stream",
            hint: "it was cut off; what is before can be restored with --merge, the rest needs another copy")
    }

    private mutating func failure(_ fault: TarFault) -> StorageError {
        if let pending { return pending }
        return StorageError(
            fault.exceedsLimit ? .limitExceeded : .damaged,
            "the archive's tar stream cannot be trusted: \(fault.reason) (near byte \(offset))",
            hint: fault.exceedsLimit ? "it asks for more than any real tree needs; nothing was kept" : nil)
    }
}
