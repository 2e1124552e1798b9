package import FileTree
package import StorageModel

/// An archive of Holdfast's in a file that can be read at any place: its table leads to every entry.
///
/// Opening reads the end of the file and the index. Chunks of the table are read when they are needed, each checked
/// against its digest; one entry costs one chunk of entries, one of frame records, and its frames.
package final class ArchiveFile: Sendable {
    package let index: ArchiveIndex
    package let tableDigest: Digest
    package let name: String
    package let sizeBytes: UInt64
    let footer: ArchiveFooter
    var descriptor: SharedDescriptor { source.descriptor }
    /// Whether the archive's frames stand in the file as they are, not encrypted.
    var isPlain: Bool { source.content == nil }
    private let source: ArchiveBytes

    /// - Parameter content: what the file holds, if it is encrypted; places and sizes are those in it then.
    /// - Returns: `nil` if the file has no table of Holdfast's (another tool's archive, or one that was cut off).
    /// - Throws: ``StorageError/Code/damaged`` if it has one that is damaged.
    package static func open(
        _ descriptor: SharedDescriptor, name: String, content: (any SeekableBytes)? = nil
    ) throws(StorageError) -> ArchiveFile? {
        let fileBytes = try attempt(name) { () throws(FileError) in try descriptor.descriptor.status().sizeBytes }
        return try open(ArchiveBytes(descriptor, content: content, fileBytes: fileBytes), name: name)
    }

    /// As ``open(_:name:content:)``, wherever the bytes are.
    static func open(_ source: ArchiveBytes, name: String) throws(StorageError) -> ArchiveFile? {
        let sizeBytes = source.sizeBytes
        guard sizeBytes >= UInt64(ArchiveFooter.frameBytes + SeekTable.shortestFrameBytes) else { return nil }
        let tailOffset = sizeBytes - UInt64(SeekTable.tailBytes)
        let tail = try source.read(tailOffset, SeekTable.tailBytes, name)
        guard let seekBytes = SeekTable.frameBytes(fromTail: tail),
            seekBytes + UInt64(ArchiveFooter.frameBytes) <= sizeBytes
        else { return nil }
        let footerOffset = sizeBytes - seekBytes - UInt64(ArchiveFooter.frameBytes)
        let footerFrame = try source.read(footerOffset, ArchiveFooter.frameBytes, name)
        do throws(TableFault) {
            guard let footer = try ArchiveFooter(decodingFrame: footerFrame) else { return nil }
            guard footer.indexOffset >= footer.dataEndOffset, footer.indexOffset <= footerOffset,
                footer.indexLengthBytes == footerOffset - footer.indexOffset,
                footer.indexLengthBytes > UInt64(SkippableFrame.headerBytes)
            else { throw TableFault("its parts are not where the footer says") }
            var indexFrame: [UInt8] = []
            do throws(StorageError) {
                indexFrame = try source.read(footer.indexOffset, Int(footer.indexLengthBytes), name)
            } catch {
                throw TableFault(error.message)
            }
            let payload = Array(indexFrame.dropFirst(SkippableFrame.headerBytes))
            let index = try ArchiveIndexReader.index(payload: payload, footer: footer)
            return ArchiveFile(index, footer, source, name: name)
        } catch {
            throw damaged(name, error)
        }
    }

    private init(_ index: ArchiveIndex, _ footer: ArchiveFooter, _ source: ArchiveBytes, name: String) {
        self.index = index
        self.footer = footer
        tableDigest = footer.indexDigest
        self.source = source
        self.name = name
        sizeBytes = source.sizeBytes
    }

    /// Which file it is read from.
    package func status() throws(FileError) -> FileStatus { try descriptor.descriptor.status() }

    // MARK: Entries

    /// The entry at `path`; `nil` if there is none. Cost: one chunk.
    package func entry(at path: EntryPath) throws(StorageError) -> TableEntry? {
        guard let chunk = firstChunk(atOrBefore: path) else { return nil }
        return try entries(of: index.entryChunks[chunk]).first { $0.path == path }
    }

    /// Calls `body` with the entry at `path` and everything below it, in order; `body` returns `false` to stop.
    ///
    /// Cost: the chunks that hold them, for they stand together.
    package func forEachEntry(
        beneath path: EntryPath, _ body: (TableEntry) throws(StorageError) -> Bool
    ) throws(StorageError) {
        guard let first = firstChunk(atOrBefore: path) else { return }
        for chunk in index.entryChunks[first...] {
            if !path.isRoot && path < chunk.firstPath && !chunk.firstPath.isWithin(path) { return }
            for entry in try entries(of: chunk) where entry.path.isWithin(path) {
                if !(try body(entry)) { return }
            }
        }
    }

    func firstChunk(atOrBefore path: EntryPath) -> Int? {
        var low = 0
        var high = index.entryChunks.count
        while low < high {
            let middle = (low + high) / 2
            if path < index.entryChunks[middle].firstPath { high = middle } else { low = middle + 1 }
        }
        return low == 0 ? (index.entryChunks.isEmpty ? nil : 0) : low - 1
    }

    func entries(of chunk: ArchiveIndex.Chunk) throws(StorageError) -> [TableEntry] {
        let frame = try bytes(at: chunk.offset, chunk.lengthBytes)
        do throws(TableFault) {
            return try ArchiveIndexReader.entries(frame: frame, chunk: chunk)
        } catch {
            throw Self.damaged(name, error)
        }
    }

    /// Cost: reading the chunk and hashing it, a tenth of decoding its entries.
    func checkDigest(of chunk: ArchiveIndex.Chunk) throws(StorageError) {
        let frame = try bytes(at: chunk.offset, chunk.lengthBytes)
        guard frame.count > SkippableFrame.headerBytes,
            frame.withUnsafeBytes({ bytes in
                ContentHasher.digest(UnsafeRawBufferPointer(rebasing: bytes[SkippableFrame.headerBytes...]))
            }) == chunk.digest
        else { throw Self.damaged(name, TableFault("a chunk is damaged")) }
    }

    // MARK: Frames

    /// The records of a run of frames, with their places. Cost: the chunks of records that hold them.
    func frames(_ ordinals: Range<UInt64>) throws(StorageError) -> [PlacedFrame] {
        var result: [PlacedFrame] = []
        var first: UInt64 = 0
        for chunk in index.frameChunks {
            defer { first += chunk.count }
            guard first < ordinals.upperBound, first + chunk.count > ordinals.lowerBound else { continue }
            let bytes = try self.bytes(at: chunk.offset, chunk.lengthBytes)
            let records: [FrameRecord]
            do throws(TableFault) {
                records = try ArchiveIndexReader.frames(frame: bytes, chunk: chunk)
            } catch {
                throw Self.damaged(name, error)
            }
            var offset = chunk.firstFrameOffset
            for (position, record) in records.enumerated() {
                let ordinal = first + UInt64(position)
                let start = offset &+ record.paddingBytes
                offset = start &+ record.compressedBytes
                guard offset <= footer.dataEndOffset else {
                    throw Self.damaged(name, TableFault("a frame lies outside of the data"))
                }
                if ordinals.contains(ordinal) {
                    result.append(PlacedFrame(ordinal: ordinal, offset: start, record: record))
                }
            }
        }
        guard UInt64(result.count) == ordinals.upperBound - ordinals.lowerBound else {
            throw Self.damaged(name, TableFault("a frame is named that is not there"))
        }
        return result
    }

    /// The compressed bytes of a frame, checked against its checksum.
    func compressed(_ frame: PlacedFrame) throws(StorageError) -> [UInt8] {
        let bytes = try self.bytes(at: frame.offset, frame.record.compressedBytes)
        guard XXH64.hash(bytes) == frame.record.checksum else {
            throw Self.damaged(
                name, TableFault("frame \(frame.ordinal) at byte \(frame.offset) is not what was written"))
        }
        return bytes
    }

    /// The bytes at any place of the file.
    func bytes(at offset: UInt64, _ count: UInt64) throws(StorageError) -> [UInt8] {
        guard offset <= sizeBytes, count <= sizeBytes - offset else {
            throw Self.damaged(name, TableFault("it refers to bytes behind the end of the file"))
        }
        return try source.read(offset, Int(count), name)
    }

    static func damaged(_ name: String, _ fault: TableFault) -> StorageError {
        StorageError(
            .damaged, object: name, "the table of contents of '\(name)' cannot be trusted: \(fault.reason)",
            hint: "run holdfast backup verify; the tar stream may still be whole: zstd -dc FILE | tar -x")
    }

    static func attempt<Result>(
        _ name: String, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(error, doing: "read archive '\(name)'", object: name)
        }
    }
}
