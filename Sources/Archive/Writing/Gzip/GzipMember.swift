internal import CArchive
internal import StorageModel

/// Compresses a piece of a stream as a gzip member of its own (RFC 1952), by libarchive's filter over its raw format.
///
/// The same input gives the same bytes with the same library: there is neither a name nor a time in the header.
enum GzipMember {
    static let levels = 1...9

    private static let regularFile: mode_t = 0o100000

    /// - Throws: what libarchive says.
    static func compress(_ piece: [UInt8], level: Int) throws(StorageError) -> [UInt8] {
        guard let archive = archive_write_new() else { throw .system("compress", object: "", errno: .noMemory) }
        defer { archive_write_free(archive) }
        try check(archive_write_set_format_raw(archive), archive)
        try check(archive_write_add_filter_gzip(archive), archive)
        try check(archive_write_set_filter_option(archive, "gzip", "compression-level", String(level)), archive)
        // Without a time: libarchive would write the clock's.
        try check(archive_write_set_filter_option(archive, "gzip", "timestamp", nil), archive)
        let capacity = longest(piece.count)
        var used = 0
        var failure: StorageError?
        let member = [UInt8](unsafeUninitializedCapacity: capacity) { room, count in
            do throws(StorageError) {
                try write(piece, to: archive, room, &used)
                count = used
            } catch {
                failure = error
                count = 0
            }
        }
        if let failure { throw failure }
        return member
    }

    /// The room that is enough for every input: deflate's stored blocks, the header and the trailer.
    private static func longest(_ count: Int) -> Int { count + count / 512 + 4096 }

    private static func write(
        _ piece: [UInt8], to archive: OpaquePointer, _ room: UnsafeMutableBufferPointer<UInt8>, _ used: inout Int
    ) throws(StorageError) {
        // `used` is written until the archive is closed, which happens below.
        try withUnsafeMutablePointer(to: &used) { (used) throws(StorageError) in
            try check(archive_write_open_memory(archive, room.baseAddress, room.count, used), archive)
            guard let entry = archive_entry_new() else { throw .system("compress", object: "", errno: .noMemory) }
            defer { archive_entry_free(entry) }
            archive_entry_set_filetype(entry, UInt32(regularFile))
            try check(archive_write_header(archive, entry), archive)
            try piece.withBytes { (bytes) throws(StorageError) in
                var written = 0
                while written < bytes.count {
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                    let count = archive_write_data(archive, rest.baseAddress, rest.count)
                    guard count > 0 else { throw failed(archive) }
                    written += Int(count)
                }
            }
            try check(archive_write_close(archive), archive)
        }
    }

    private static func check(_ result: CInt, _ archive: OpaquePointer) throws(StorageError) {
        guard result == ARCHIVE_OK else { throw failed(archive) }
    }

    private static func failed(_ archive: OpaquePointer) -> StorageError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive gives no reason"
        return StorageError(.system, "cannot compress by gzip", causes: [text.printable(limit: 200)])
    }
}
