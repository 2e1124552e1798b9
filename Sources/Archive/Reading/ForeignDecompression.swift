internal import CArchive
internal import StorageModel

/// Decompresses what other tools wrote, by libarchive's filters: gzip, bzip2, xz, lz4. In process, never by a program.
///
/// Owns one `struct archive *` in "raw" format, which passes the filtered bytes through. Used by one thread.
final class ForeignDecompression {
    private let archive: OpaquePointer
    private let source: Source
    private let name: String
    private var isAtEnd = false

    /// What libarchive's read callback draws from; keeps the last chunk alive while libarchive looks at it.
    private final class Source {
        let input: ByteInput
        var chunk = RawBuffer(capacity: 1 << 20)
        var failure: StorageError?

        init(_ input: ByteInput) { self.input = input }

        func next(_ pointer: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
            do throws(StorageError) {
                guard let bytes = try input.takeChunk() else { return 0 }
                chunk.removeAll()
                chunk.append(bytes)
                chunk.withBytes(0..<chunk.count) { pointer?.pointee = $0.baseAddress }
                return bytes.count
            } catch {
                failure = error
                return -1
            }
        }
    }

    private static let outputBytes = 1 << 20

    init(_ input: ByteInput, name: String) throws(StorageError) {
        guard let archive = archive_read_new() else { throw .system("read '\(name)'", object: name, errno: .noMemory) }
        self.archive = archive
        self.name = name
        source = Source(input)
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_lz4(archive)
        archive_read_support_format_raw(archive)
        let context = Unmanaged.passUnretained(source).toOpaque()
        let result = archive_read_open(
            archive, context, nil,
            { _, context, buffer in
                guard let context else { return -1 }
                return Unmanaged<Source>.fromOpaque(context).takeUnretainedValue().next(buffer)
            }, nil)
        guard result == ARCHIVE_OK else { throw failure() }
        var entry: OpaquePointer?
        guard archive_read_next_header(archive, &entry) == ARCHIVE_OK else { throw failure() }
    }

    deinit { archive_read_free(archive) }

    var consumedBytes: UInt64 { source.input.offset }

    func nextChunk() throws(StorageError) -> [UInt8]? {
        if isAtEnd { return nil }
        var result = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: Self.outputBytes) { room, count in
            result = archive_read_data(archive, room.baseAddress, room.count)
            count = max(0, result)
        }
        if result < 0 { throw failure() }
        isAtEnd = result == 0
        return isAtEnd ? nil : chunk
    }

    private func failure() -> StorageError {
        if let failure = source.failure { return failure }
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
        return StorageError(
            .damaged, object: name, "'\(name)' cannot be decompressed: \(text.printable())",
            hint: "the file is damaged or was cut off; take another copy")
    }
}
