package import FileTree
package import StorageModel

/// The forms in which an archive may arrive.
package enum ArchiveForm: Sendable, Equatable {
    case zstd
    case plainTar
    /// Compressed by another tool: gzip, bzip2, xz or lz4.
    case foreign

    /// Tells the form from the first block of the input.
    ///
    /// - Throws: ``StorageError/Code/damaged`` if it is none of them.
    static func detect(_ input: ByteInput, name: String) throws(StorageError) -> ArchiveForm {
        try input.fill(TarBlock.sizeBytes)
        let head = Array(input.available.prefix(TarBlock.sizeBytes))
        if head.isEmpty {
            throw StorageError(.damaged, object: name, "'\(name)' is empty", hint: "the command that wrote it failed")
        }
        if head.count >= 4 {
            let magic = head.littleEndian(UInt32.self, at: 0)
            if magic == FrameHeader.magic || magic & 0xFFFF_FFF0 == FrameHeader.skippableMagic { return .zstd }
            if magic == 0x184D_2204 { return .foreign }
        }
        let magics: [[UInt8]] = [[0x1f, 0x8b], Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]]
        if magics.contains(where: { head.starts(with: $0) }) { return .foreign }
        if head.count == TarBlock.sizeBytes, Self.isTarHeader(head) { return .plainTar }
        throw StorageError(
            .damaged, object: name, "'\(name)' is not an archive",
            hint: "Holdfast reads tar, plain or compressed by zstd, gzip, bzip2, xz or lz4")
    }

    private static func isTarHeader(_ block: [UInt8]) -> Bool {
        do throws(TarFault) {
            _ = try TarHeaderBlock(block)
            return true
        } catch {
            return false
        }
    }
}

/// The tar stream inside any input, decompressed by several threads where the form allows it.
///
/// After the stream's end, ``tail`` says what followed its data frames.
package final class TarFeed: FinishableFeed {
    private enum Stage {
        case parallel(ParallelDecompression)
        case plain(ByteInput)
        case foreign(ForeignDecompression)
    }

    private let stage: Stage
    private let input: ByteInput
    private let limits: ArchiveLimits
    private let interruption: Interruption
    private var producedBytes: UInt64 = 0
    package let form: ArchiveForm

    /// Reads from the file offset of `descriptor` on.
    package convenience init(
        _ descriptor: SharedDescriptor, name: String, threads: Int, limits: ArchiveLimits, interruption: Interruption
    ) throws(StorageError) {
        let input = try ByteInput(descriptor, name: name, interruption: interruption)
        try self.init(input, name: name, threads: threads, limits: limits, interruption: interruption)
    }

    /// Reads a blob.
    package convenience init(
        _ blob: StoredBlob, threads: Int, limits: ArchiveLimits, interruption: Interruption
    ) throws(StorageError) {
        let input = try ByteInput(blob.file, name: blob.name, range: blob.range, interruption: interruption)
        try self.init(input, name: blob.name, threads: threads, limits: limits, interruption: interruption)
    }

    /// Reads a stream to its end.
    package convenience init(
        _ stream: any ByteStream, name: String, threads: Int, limits: ArchiveLimits, interruption: Interruption
    ) throws(StorageError) {
        let input = ByteInput(stream, name: name, interruption: interruption)
        try self.init(input, name: name, threads: threads, limits: limits, interruption: interruption)
    }

    private init(
        _ input: ByteInput, name: String, threads: Int, limits: ArchiveLimits, interruption: Interruption
    ) throws(StorageError) {
        form = try ArchiveForm.detect(input, name: name)
        self.input = input
        self.limits = limits
        self.interruption = interruption
        switch form {
        case .zstd: stage = .parallel(ParallelDecompression(input, name: name, threads: threads, limits: limits))
        case .plainTar: stage = .plain(input)
        case .foreign: stage = .foreign(try ForeignDecompression(input, name: name))
        }
    }

    package func nextChunk() throws(StorageError) -> [UInt8]? {
        try interruption.check()
        let chunk: [UInt8]?
        switch stage {
        case .parallel(let decompression): chunk = try decompression.nextChunk()
        case .plain(let input): chunk = try input.takeChunk()
        case .foreign(let decompression): chunk = try decompression.nextChunk()
        }
        guard let chunk else { return nil }
        producedBytes += UInt64(chunk.count)
        try checkLimits()
        return chunk
    }

    private func checkLimits() throws(StorageError) {
        if producedBytes > limits.totalBytes {
            throw StorageError(
                .limitExceeded, "the archive yields more than \(ByteCount(limits.totalBytes))",
                hint: "it may be a decompression bomb; otherwise make room on the target's file system")
        }
        guard producedBytes > limits.ratioFloorBytes, let consumed = consumedBytes, consumed > 0 else { return }
        if producedBytes / consumed > limits.ratio {
            throw StorageError(
                .limitExceeded, "the archive grows more than \(limits.ratio)-fold when it is decompressed",
                hint: "it is a decompression bomb")
        }
    }

    /// Reads what a decompressor has left of the input, because only its end proves that an encrypted one is whole. Call
    /// when the stream is at its end.
    package func readInputToEnd() throws(StorageError) {
        while try input.takeChunk() != nil { try interruption.check() }
    }

    /// How many bytes of the input were used up, as far as that is known: whole frames of a zstd stream.
    package var consumedBytes: UInt64? {
        switch stage {
        case .parallel(let decompression): decompression.consumedBytes
        case .plain: nil
        case .foreign(let decompression): decompression.consumedBytes
        }
    }

    /// What stood behind the data: read it when the stream is at its end.
    package var tail: ArchiveTail? {
        if case .parallel(let decompression) = stage { decompression.tail } else { nil }
    }

    /// Stops the threads. Call in any case, also after an error.
    package func finish() {
        if case .parallel(let decompression) = stage { decompression.finish() }
    }
}

/// The parts of the table that a stream carried past: its index, if it was whole.
package struct ArchiveTail: Sendable {
    package let index: ArchiveIndex?
    package let tableDigest: Digest?
}
