internal import StorageModel

/// What one data frame holds, found by decompressing and parsing it: the work of one verifying thread.
struct InspectedFrame: Sendable {
    let rawBytes: UInt64
    let digest: Digest
    let checksum: UInt64
    /// For a payload frame, under the archive's key.
    var mark: SliceMark?
    /// Entries whose headers stand here, with their places and, for small files, their digests.
    var entries: [TableEntry] = []
    /// For a frame of headers: how many zeros stand before the first header.
    var leadingPadding = 0
    /// For the last frame: whether it ends the archive.
    var endsArchive = false
    var fault: String?
}

/// Decompresses frames and takes them apart. One per thread.
struct FrameInspector: ~Copyable {
    private var decoder: FrameDecoder
    private let limits = ArchiveLimits()
    private let marker: SliceMarker?

    init(_ sliceKey: SliceKey?) throws(StorageError) {
        decoder = try FrameDecoder()
        marker = sliceKey.flatMap { SliceMarker($0) }
    }

    /// - Parameter padding: how many zeros complete the large file before it; they come first in every frame of headers.
    mutating func inspect(
        _ compressed: [UInt8], _ record: FrameRecord, padding: Int
    ) -> InspectedFrame {
        let checksum = XXH64.hash(compressed)
        let raw: [UInt8]
        do throws(StorageError) {
            raw = try compressed.withBytes { (bytes) throws(StorageError) in
                try decoder.decompress(bytes, rawBytes: Int(record.rawBytes))
            }
        } catch {
            return InspectedFrame(
                rawBytes: 0, digest: ContentHasher.digest([]), checksum: checksum, fault: error.message)
        }
        switch record.kind {
        case .payload:
            return InspectedFrame(
                rawBytes: UInt64(raw.count), digest: ContentHasher.digest(raw), checksum: checksum,
                mark: raw.withUnsafeBytes { marker?.mark(of: $0) })
        case .end:
            var frame = InspectedFrame(
                rawBytes: UInt64(raw.count), digest: ContentHasher.digest(raw), checksum: checksum)
            frame.endsArchive = raw.count == padding + 2 * TarBlock.sizeBytes && raw.allSatisfy { $0 == 0 }
            frame.leadingPadding = padding
            if !frame.endsArchive { frame.fault = "its last frame does not end the archive" }
            return frame
        case .group, .header:
            return parse(raw, checksum, padding: padding)
        }
    }

    private func parse(_ raw: [UInt8], _ checksum: UInt64, padding: Int) -> InspectedFrame {
        var hasher = ContentHasher()
        var entries: [TableEntry] = []
        var fault: String?
        if raw.count < padding || !raw[..<padding].allSatisfy({ $0 == 0 }) { fault = "padding is not zeros" }
        hasher.update(raw[..<min(padding, raw.count)])
        var feed = OneChunkFeed(Array(raw.dropFirst(padding)))
        feed.isUsed = raw.count <= padding
        var reader = TarReader(feed, limits: limits)
        do throws(StorageError) {
            var covered = padding
            while true {
                let headerStart = covered
                guard let entry = try reader.nextEntry() else { break }
                let headerEnd = padding + Int(reader.offset)
                hasher.update(raw[headerStart..<headerEnd])
                covered = headerEnd
                var tableEntry = TableEntry(entry, status: nil)
                tableEntry.headerOffset = UInt64(headerStart)
                tableEntry.headerBytes = UInt64(headerEnd - headerStart)
                if tableEntry.isInPayloadFrames {
                    // The data follows in frames of its own; this frame must end here.
                    if headerEnd != raw.count { fault = fault ?? "a large file shares its frame with others" }
                    entries.append(tableEntry)
                    break
                }
                var data = ContentHasher()
                while let slice = try reader.nextData() { slice.withBytes { data.update($0) } }
                covered += Int(entry.storedBytes)
                if entry.storedBytes > 0 {
                    let digest = data.finalize()
                    hasher.update(digest.bytes)
                    tableEntry.digest = digest
                }
                let end = covered + TarBlock.padding(after: entry.storedBytes)
                guard end <= raw.count else {
                    fault = fault ?? "an entry does not end in its frame"
                    break
                }
                if !raw[covered..<end].allSatisfy({ $0 == 0 }) { fault = fault ?? "padding is not zeros" }
                hasher.update(raw[covered..<end])
                covered = end
                entries.append(tableEntry)
            }
            if reader.sawEndOfArchive { fault = fault ?? "the archive ends inside a group" }
        } catch {
            fault = fault ?? error.message
        }
        return InspectedFrame(
            rawBytes: UInt64(raw.count), digest: hasher.finalize(), checksum: checksum, entries: entries,
            leadingPadding: padding, fault: fault)
    }
}

/// A feed of a single chunk.
struct OneChunkFeed: ByteFeed {
    private let chunk: [UInt8]
    var isUsed = false

    init(_ chunk: [UInt8]) { self.chunk = chunk }

    mutating func nextChunk() -> [UInt8]? {
        defer { isUsed = true }
        return isUsed || chunk.isEmpty ? nil : chunk
    }
}
