internal import CZstd
internal import StorageModel

/// Decompresses frames whose content size is known, or streams of any frames. Owns one `ZSTD_DCtx`; one thread at a time.
struct FrameDecoder: ~Copyable {
    private let context: OpaquePointer

    init(windowBytes: UInt64 = ArchiveLimits().windowBytes) throws(StorageError) {
        context = try Self.makeContext(windowBytes: windowBytes)
    }

    private static func makeContext(windowBytes: UInt64) throws(StorageError) -> OpaquePointer {
        guard let context = ZSTD_createDCtx() else { throw .system("decompress", object: "", errno: .noMemory) }
        let log = CInt(UInt64.bitWidth - 1 - max(windowBytes, 1024).leadingZeroBitCount)
        let code = ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, log)
        if ZSTD_isError(code) != 0 {
            ZSTD_freeDCtx(context)
            throw failure(code)
        }
        return context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// The content of one whole frame.
    ///
    /// - Parameter rawBytes: the content's size, already checked against a limit; a frame that yields another size throws.
    /// - Throws: ``StorageError/Code/damaged``, also when the frame's own checksum does not match.
    mutating func decompress(_ frame: UnsafeRawBufferPointer, rawBytes: Int) throws(StorageError) -> [UInt8] {
        var code = 0
        let raw = [UInt8](unsafeUninitializedCapacity: max(rawBytes, 1)) { buffer, count in
            code = ZSTD_decompressDCtx(context, buffer.baseAddress, rawBytes, frame.baseAddress, frame.count)
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        if ZSTD_isError(code) != 0 { throw Self.failure(code) }
        guard raw.count == rawBytes else {
            throw StorageError(.damaged, "a frame yields \(raw.count) bytes instead of \(rawBytes)")
        }
        return raw
    }

    /// Decompresses as much of `input` as yields at most `limitBytes`, continuing the stream of earlier calls.
    ///
    /// - Returns: what came out, how much of `input` was used, and whether a frame ended exactly here.
    mutating func decompressPart(
        of input: UnsafeRawBufferPointer, limitBytes: Int
    ) throws(StorageError) -> (output: [UInt8], consumedBytes: Int, isAtFrameEnd: Bool) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var code = 0
        let output = [UInt8](unsafeUninitializedCapacity: limitBytes) { buffer, count in
            var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            repeat {
                code = ZSTD_decompressStream(context, &target, &source)
            } while ZSTD_isError(code) == 0 && code != 0 && source.pos < source.size && target.pos < target.size
            count = target.pos
        }
        if ZSTD_isError(code) != 0 { throw Self.failure(code) }
        return (output, source.pos, code == 0)
    }

    private static func failure(_ code: Int) -> StorageError {
        StorageError(.damaged, "a frame cannot be decompressed: \(String(cString: ZSTD_getErrorName(code)))")
    }
}
