internal import FileTree
package import StorageModel

/// Proves that every byte of an archive is what was written: frames, padding, table, footer, seek table.
///
/// The table is rebuilt from the tar stream and compared. Frames are decompressed and hashed by several threads; memory
/// is bounded by the threads and one chunk of the table.
package struct ArchiveVerifier {
    package struct Outcome: Sendable {
        package var entries: UInt64 = 0
        package var frames: UInt64 = 0
        /// How far from the start of the file everything is good.
        package var validBytes: UInt64 = 0
        package var findings: [String] = []
    }

    private let file: ArchiveFile
    private let checkpoint: Checkpoint
    private var outcome = Outcome()
    private var seekTable = SeekTable()
    private var expectedEntries: EntryCursor
    /// The large file whose slices are being passed, and how many bytes of it are still to come.
    private var large: (entry: TableEntry, digests: ContentHasher, remaining: UInt64)?

    /// More findings than this are counted, not listed.
    private static let findingLimit = 20

    package static func verify(
        _ file: ArchiveFile, threads: Int, checkpoint: Checkpoint
    ) throws(StorageError) -> Outcome {
        var verifier = ArchiveVerifier(file, checkpoint)
        try verifier.verifyFrames(threads: threads)
        try verifier.verifyTail()
        return verifier.outcome
    }

    private init(_ file: ArchiveFile, _ checkpoint: Checkpoint) {
        self.file = file
        self.checkpoint = checkpoint
        expectedEntries = EntryCursor(file)
    }

    // MARK: Data frames

    private struct Piece: Sendable {
        let frame: PlacedFrame
        let compressed: [UInt8]
        let isPaddingCanonical: Bool
        let leadingPadding: Int
    }

    private mutating func verifyFrames(threads: Int) throws(StorageError) {
        let sliceKey = file.index.origin.sliceKey
        let pipeline = OrderedPipeline<Piece, (PlacedFrame, Bool, InspectedFrame)>(
            threads: threads, depth: threads * 3 + 2
        ) { () throws(StorageError) in
            let inspector = InspectorBox(try FrameInspector(sliceKey))
            return { (piece) throws(StorageError) in
                (
                    piece.frame, piece.isPaddingCanonical,
                    inspector.inspect(piece.compressed, piece.frame.record, padding: piece.leadingPadding)
                )
            }
        }
        let reading = WorkerPool(threads: 1)
        let (file, interruption) = (file, checkpoint.interruption)
        reading.submit {
            do throws(StorageError) {
                try Self.readFrames(of: file, into: pipeline, interruption)
            } catch {
                pipeline.fail(error)
            }
            pipeline.close()
        }
        defer {
            pipeline.fail(.interrupted)
            reading.finish()
            pipeline.finish()
        }
        while let (frame, isPaddingCanonical, inspected) = try pipeline.next() {
            try compare(frame, isPaddingCanonical, inspected)
            checkpoint.progress.advance(entries: 0, bytes: frame.record.compressedBytes)
        }
        if outcome.validBytes != file.footer.dataEndOffset && outcome.findings.isEmpty {
            note("the frames do not reach the table")
        }
        if let extra = try expectedEntries.next() {
            note("the table names '\(extra.path.description.printable())', which the stream does not have")
        }
        if large != nil { note("the last large file has fewer slices than its header says") }
    }

    /// Reads all data frames in order. Which padding a frame begins with follows from the large file before it.
    private static func readFrames(
        of file: ArchiveFile, into pipeline: OrderedPipeline<Piece, (PlacedFrame, Bool, InspectedFrame)>,
        _ interruption: Interruption
    ) throws(StorageError) {
        var offset: UInt64 = 0
        var payloadBytes: UInt64 = 0
        var first: UInt64 = 0
        while first < file.index.frames {
            let end = min(first + TableChunk.framesPerChunk, file.index.frames)
            for frame in try file.frames(first..<end) {
                try interruption.check()
                let padding = SkippableFrame.padding(at: offset)
                let isAligned = frame.record.compressedBytes >= UInt64(FrameLimits.alignedFromBytes)
                var isCanonical = frame.record.paddingBytes == (isAligned ? UInt64(padding.count) : 0)
                if isCanonical && isAligned && !padding.isEmpty {
                    isCanonical = try file.bytes(at: offset, UInt64(padding.count)) == padding
                }
                let compressed = try file.bytes(at: frame.offset, frame.record.compressedBytes)
                let leading = frame.record.kind == .payload ? 0 : TarBlock.padding(after: payloadBytes)
                payloadBytes = frame.record.kind == .payload ? payloadBytes + frame.record.rawBytes : 0
                try pipeline.submit(
                    Piece(
                        frame: frame, compressed: compressed, isPaddingCanonical: isCanonical, leadingPadding: leading))
                offset = frame.offset + frame.record.compressedBytes
            }
            first = end
        }
    }

    private mutating func compare(
        _ frame: PlacedFrame, _ isPaddingCanonical: Bool, _ inspected: InspectedFrame
    ) throws(StorageError) {
        let place = "frame \(frame.ordinal) at byte \(frame.offset)"
        let record = frame.record
        if record.paddingBytes > 0 { seekTable.add(compressedBytes: record.paddingBytes, rawBytes: 0) }
        seekTable.add(compressedBytes: record.compressedBytes, rawBytes: record.rawBytes)
        let before = outcome.findings.count
        if !isPaddingCanonical { note("the padding before \(place) is not what was written") }
        if let fault = inspected.fault {
            note("\(place): \(fault)")
        } else if inspected.digest != record.digest {
            note("the content of \(place) is not what was written")
        } else if let mark = record.mark, inspected.mark != mark {
            note("the table has another mark of \(place) than its content")
        }
        if inspected.checksum != record.checksum { note("\(place) is not what was written") }
        if inspected.fault == nil { try compareEntries(frame, inspected) }
        outcome.frames += 1
        if outcome.findings.count == before && before == 0 {
            outcome.validBytes = frame.offset + record.compressedBytes
        }
    }

    private mutating func compareEntries(_ frame: PlacedFrame, _ inspected: InspectedFrame) throws(StorageError) {
        if frame.record.kind == .payload {
            guard var file = large, file.remaining >= inspected.rawBytes, inspected.rawBytes > 0,
                inspected.rawBytes == min(file.remaining, Chunking.sliceBytes)
            else {
                note("frame \(frame.ordinal) holds data that no header announced")
                return
            }
            file.digests.update(inspected.digest.bytes)
            file.remaining -= inspected.rawBytes
            let isLast = file.remaining == 0
            large = isLast ? nil : file
            if isLast {
                file.entry.digest = file.digests.finalize()
                try compareNext(file.entry)
            }
            return
        }
        if large != nil {
            note("frame \(frame.ordinal) comes before the data of a large file is complete")
            large = nil
        }
        for var entry in inspected.entries {
            entry.headerFrame = frame.ordinal
            if entry.isInPayloadFrames {
                large = (entry, ContentHasher(), entry.storedBytes)
            } else {
                try compareNext(entry)
            }
        }
    }

    /// Compares an entry found in the stream with the next one of the table, in everything that the stream tells.
    private mutating func compareNext(_ found: TableEntry) throws(StorageError) {
        outcome.entries += 1
        guard var expected = try expectedEntries.next() else {
            note("the stream has '\(found.path.description.printable())', which the table does not name")
            return
        }
        expected.changedAt = found.changedAt
        expected.inode = found.inode
        expected.device = found.device
        expected.changedDuringRead = found.changedDuringRead
        if expected != found {
            note("the table says of '\(found.path.description.printable())' what its tar header does not")
        }
    }

    // MARK: Behind the data

    /// Chunks, index and footer were checked by digest when they were read; here the rest: that they fill the file.
    private mutating func verifyTail() throws(StorageError) {
        var offset = file.footer.dataEndOffset
        for chunk in file.index.entryChunks + file.index.frameChunks {
            if chunk.offset != offset { note("the table's chunks leave a gap at byte \(offset)") }
            seekTable.add(compressedBytes: chunk.lengthBytes, rawBytes: 0)
            offset = chunk.offset &+ chunk.lengthBytes
        }
        if offset != file.footer.indexOffset { note("the table's chunks do not reach its index") }
        let footer = file.footer.encodedFrame()
        seekTable.add(compressedBytes: file.footer.indexLengthBytes, rawBytes: 0)
        seekTable.add(compressedBytes: UInt64(footer.count), rawBytes: 0)
        let index = try file.bytes(at: file.footer.indexOffset, UInt64(SkippableFrame.headerBytes))
        let indexHeader = SkippableFrame.header(
            variant: SkippableFrame.tableVariant,
            payloadBytes: Int(file.footer.indexLengthBytes) - SkippableFrame.headerBytes)
        if index != indexHeader { note("the header of the index is not what was written") }
        let seek = seekTable.encodedFrame()
        let seekOffset = file.footer.indexOffset + file.footer.indexLengthBytes + UInt64(footer.count)
        guard seekOffset + UInt64(seek.count) == file.sizeBytes,
            try file.bytes(at: seekOffset, UInt64(seek.count)) == seek
        else {
            note("the seek table is not what was written")
            return
        }
        if outcome.findings.isEmpty { outcome.validBytes = file.sizeBytes }
    }

    private mutating func note(_ finding: String) {
        if outcome.findings.count < Self.findingLimit {
            outcome.findings.append(finding)
        } else if outcome.findings.count == Self.findingLimit {
            outcome.findings.append("and more; only the first \(Self.findingLimit) are listed")
        }
    }
}

/// Goes through the entries of a table, one chunk at a time.
private struct EntryCursor {
    private let file: ArchiveFile
    private var nextChunk = 0
    private var entries: ArraySlice<TableEntry> = []

    init(_ file: ArchiveFile) { self.file = file }

    mutating func next() throws(StorageError) -> TableEntry? {
        while entries.isEmpty {
            guard nextChunk < file.index.entryChunks.count else { return nil }
            entries = try file.entries(of: file.index.entryChunks[nextChunk])[...]
            nextChunk += 1
        }
        return entries.popFirst()
    }
}

/// Keeps an inspector on the heap, so that a closure can own it. Used by one thread.
private final class InspectorBox {
    private var inspector: FrameInspector

    init(_ inspector: consuming FrameInspector) { self.inspector = inspector }

    func inspect(_ compressed: [UInt8], _ record: FrameRecord, padding: Int) -> InspectedFrame {
        inspector.inspect(compressed, record, padding: padding)
    }
}
