internal import FileTree
internal import StorageModel

/// Cuts a zstd stream into its frames and decompresses them on several threads; the content comes out in order.
///
/// Frames that do not say their size, or are larger than ``FrameLimits``, are decompressed one after the other by the
/// thread that reads, within the window limit. Skippable frames fall away, but for the index of the table.
final class ParallelDecompression: Sendable {
    private enum Piece: Sendable {
        case frame([UInt8], rawBytes: Int)
        case content([UInt8])
    }

    private struct Progress: Sendable {
        var consumedBytes: UInt64 = 0
        var indexPayload: [UInt8]?
        var footer: [UInt8]?
    }

    private let pipeline: OrderedPipeline<Piece, [UInt8]>
    private let reading = WorkerPool(threads: 1)
    private let progress = Monitor(Progress())
    private let name: String

    init(_ input: ByteInput, name: String, threads: Int, limits: ArchiveLimits) {
        self.name = name
        let windowBytes = limits.windowBytes
        let pipeline = OrderedPipeline<Piece, [UInt8]>(threads: threads, depth: threads * 3 + 2) {
            () throws(StorageError) in
            let decoder = DecoderBox(try FrameDecoder(windowBytes: windowBytes))
            return { (piece) throws(StorageError) in
                switch piece {
                case .content(let bytes): bytes
                case .frame(let bytes, let rawBytes): try decoder.decompress(bytes, rawBytes: rawBytes)
                }
            }
        }
        self.pipeline = pipeline
        let progress = progress
        reading.submit {
            do throws(StorageError) {
                try Self.read(input, name, windowBytes, pipeline, progress)
            } catch {
                pipeline.fail(error)
            }
            pipeline.close()
        }
    }

    func nextChunk() throws(StorageError) -> [UInt8]? {
        while let chunk = try pipeline.next() {
            if !chunk.isEmpty { return chunk }
        }
        return nil
    }

    var consumedBytes: UInt64 { progress.update { $0.consumedBytes } }

    func finish() {
        pipeline.fail(StorageError(.interrupted, "the archive was not read to its end"))
        reading.finish()
        pipeline.finish()
    }

    /// The table's index, if index and footer came by and belong together.
    var tail: ArchiveTail? {
        let (payload, footerFrame) = progress.update { ($0.indexPayload, $0.footer) }
        guard let payload, let footerFrame else { return nil }
        do {
            guard let footer = try ArchiveFooter(decodingFrame: footerFrame) else { return nil }
            let index = try ArchiveIndexReader.index(payload: payload, footer: footer)
            return ArchiveTail(index: index, tableDigest: footer.indexDigest)
        } catch {
            return ArchiveTail(index: nil, tableDigest: nil)
        }
    }

    // MARK: The reading thread

    private static func read(
        _ input: ByteInput, _ name: String, _ windowBytes: UInt64, _ pipeline: OrderedPipeline<Piece, [UInt8]>,
        _ progress: Monitor<Progress>
    ) throws(StorageError) {
        while true {
            try input.fill(FrameHeader.longestBytes)
            let head = input.available.prefix(FrameHeader.longestBytes)
            if head.isEmpty { return }
            let start = input.offset
            let taken: Result<Void, StorageError>
            do throws(FrameFault) {
                guard let header = try FrameHeader(head) else { throw FrameFault.truncation }
                try check(header, windowBytes)
                taken = try take(header, input, pipeline, progress)
            } catch {
                throw StorageError(
                    error.isTruncation ? .truncated : .damaged, object: name,
                    "'\(name)' is damaged at byte \(start): \(error.reason)",
                    hint: "run holdfast backup verify; what is before can be restored with --merge")
            }
            try taken.get()
            let consumed = input.offset
            progress.update { $0.consumedBytes = consumed }
        }
    }

    private static func check(_ header: FrameHeader, _ windowBytes: UInt64) throws(FrameFault) {
        guard header.kind == .data else { return }
        if header.hasDictionary { throw FrameFault("a frame needs a dictionary") }
        let known = header.contentBytes.map { $0 <= UInt64(FrameLimits.rawBytes) } ?? false
        if !known && header.windowBytes > windowBytes {
            throw FrameFault("a frame wants a window of \(ByteCount(header.windowBytes))")
        }
    }

    /// Takes one frame from the input. Faults of the frame are thrown, failures of reading or of the pipeline returned.
    private static func take(
        _ header: FrameHeader, _ input: ByteInput, _ pipeline: OrderedPipeline<Piece, [UInt8]>,
        _ progress: Monitor<Progress>
    ) throws(FrameFault) -> Result<Void, StorageError> {
        var fault: FrameFault?
        let result = Result<Void, StorageError> { () throws(StorageError) in
            if case .skippable = header.kind {
                try skip(header, input, progress)
                return
            }
            guard let rawBytes = header.contentBytes, rawBytes <= UInt64(FrameLimits.rawBytes) else {
                fault = try stream(input, header, pipeline)
                return
            }
            var measure = FrameMeasure(header)
            var wanted = 64 << 10
            while measure.lengthBytes == nil {
                try input.fill(wanted)
                let available = input.available
                do throws(FrameFault) { try measure.advance(over: available) } catch {
                    fault = error
                    return
                }
                if measure.lengthBytes == nil && available.count < wanted {
                    fault = FrameFault.truncation
                    return
                }
                wanted = available.count + (256 << 10)
                if wanted > 3 * FrameLimits.rawBytes {
                    fault = FrameFault("a frame is larger than what it holds")
                    return
                }
            }
            guard let length = measure.lengthBytes else { return }
            try input.fill(length)
            guard input.available.count >= length else {
                fault = FrameFault.truncation
                return
            }
            try pipeline.submit(.frame(input.take(length), rawBytes: Int(rawBytes)))
        }
        if let fault { throw fault }
        return result
    }

    /// Passes a skippable frame by; remembers it if it is the index or the footer of a table.
    private static func skip(
        _ header: FrameHeader, _ input: ByteInput, _ progress: Monitor<Progress>
    ) throws(StorageError) {
        let length = header.lengthBytes + Int(header.contentBytes ?? 0)
        let isTable = header.kind == .skippable(variant: SkippableFrame.tableVariant)
        if isTable && UInt64(length) <= TableChunk.limitBytes {
            try input.fill(length)
            let frame = Array(input.available.prefix(length))
            let tag = frame.dropFirst(SkippableFrame.headerBytes).prefix(4)
            if tag.elementsEqual(TableChunk.index) {
                progress.update { $0.indexPayload = Array(frame.dropFirst(SkippableFrame.headerBytes)) }
            } else if tag.elementsEqual(TableChunk.footer) {
                progress.update { $0.footer = frame }
            }
        }
        var rest = length
        while rest > 0 {
            try input.fill(min(rest, 1 << 20))
            let part = min(rest, input.available.count)
            if part == 0 { throw StorageError(.truncated, "the archive ends inside its table") }
            input.skip(part)
            rest -= part
        }
    }

    /// Decompresses one large or unbounded frame in this thread.
    private static func stream(
        _ input: ByteInput, _ header: FrameHeader, _ pipeline: OrderedPipeline<Piece, [UInt8]>
    ) throws(StorageError) -> FrameFault? {
        var decoder = try FrameDecoder()
        while true {
            try input.fill(256 << 10)
            let available = Array(input.available.prefix(256 << 10))
            if available.isEmpty { return FrameFault.truncation }
            let part = try available.withBytes { (bytes) throws(StorageError) in
                try decoder.decompressPart(of: bytes, limitBytes: 1 << 20)
            }
            input.skip(part.consumedBytes)
            if !part.output.isEmpty { try pipeline.submit(.content(part.output)) }
            if part.isAtFrameEnd { return nil }
        }
    }
}

/// Keeps a decoder on the heap, so that a closure can own it. Used by one thread.
private final class DecoderBox {
    private var decoder: FrameDecoder

    init(_ decoder: consuming FrameDecoder) { self.decoder = decoder }

    func decompress(_ frame: [UInt8], rawBytes: Int) throws(StorageError) -> [UInt8] {
        try frame.withBytes { (bytes) throws(StorageError) in try decoder.decompress(bytes, rawBytes: rawBytes) }
    }
}
