internal import CLinux
internal import Glibc

extension Descriptor {
    /// Reads until `buffer` is full or the file ends (`pread(2)`, or `read(2)` at the file offset if `offset` is `nil`).
    ///
    /// - Returns: the number of bytes read, less than asked for only at the end of the file.
    package borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64?
    ) throws(FileError) -> Int {
        try checkPlace(offset, buffer.count, "pread")
        var filled = 0
        while filled < buffer.count {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let result = attempt {
                guard let offset else { return Glibc.read(rawValue, room.baseAddress, room.count) }
                return pread(rawValue, room.baseAddress, room.count, off_t(clamping: offset + UInt64(filled)))
            }
            if result == 0 { break }
            if result == -Int(EAGAIN) {
                waitUntilReady(for: POLLIN)
                continue
            }
            filled += try check(result, offset == nil ? "read" : "pread")
        }
        return filled
    }

    /// Reads on from the file offset to the end, whatever size the file says it has: files of `/proc` say 0.
    ///
    /// - Parameter limitBytes: what is behind so many bytes is not read.
    package borrowing func readToEnd(limitBytes: Int) throws(FileError) -> [UInt8] {
        var result: [UInt8] = []
        while result.count < limitBytes {
            let wanted = min(64 << 10, limitBytes - result.count)
            var failure: FileError?
            let part = [UInt8](unsafeUninitializedCapacity: wanted) { room, count in
                do throws(FileError) {
                    count = try read(into: UnsafeMutableRawBufferPointer(room), at: nil)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
            result += part
            if part.count < wanted { break }
        }
        return result
    }

    /// Writes all of `bytes` (`pwrite(2)`, or `write(2)` at the file offset if `offset` is `nil`); short writes are
    /// continued. After an error any part of them may be in the file.
    package borrowing func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: UInt64?) throws(FileError) {
        try checkPlace(offset, bytes.count, "pwrite")
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let result =
                if let offset {
                    changing("pwrite", byteCount: rest.count) { count in
                        pwrite(rawValue, rest.baseAddress, count, off_t(clamping: offset + UInt64(written)))
                    }
                } else {
                    changing("write", byteCount: rest.count) { Glibc.write(rawValue, rest.baseAddress, $0) }
                }
            if result == -Int(EAGAIN) {
                waitUntilReady(for: POLLOUT)
                continue
            }
            written += try check(result, offset == nil ? "write" : "pwrite")
        }
    }

    /// As ``writeAll(_:at:)-(UnsafeRawBufferPointer,_)`` for bytes in an array.
    package borrowing func writeAll(_ bytes: [UInt8], at offset: UInt64?) throws(FileError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(FileError) in
            try writeAll(UnsafeRawBufferPointer(buffer), at: offset)
        }
    }

    /// A pipe inherited from another program may be non-blocking: waits until it is ready.
    private borrowing func waitUntilReady(for event: CInt) {
        var request = pollfd(fd: rawValue, events: Int16(event), revents: 0)
        // Interrupted or not: the caller tries again.
        _ = poll(&request, 1, -1)
    }

    /// Cuts the file or extends it by a hole (`ftruncate(2)`).
    package borrowing func truncate(to sizeBytes: UInt64) throws(FileError) {
        try check(changing("ftruncate") { Int(ftruncate(rawValue, off_t(clamping: sizeBytes))) }, "ftruncate")
    }

    /// The bytes that an unprivileged user could still write to the file system (`fstatvfs(3)`).
    package borrowing func availableBytes() throws(FileError) -> UInt64 {
        var status = statvfs()
        try check(attempt { Int(fstatvfs(rawValue, &status)) }, "fstatvfs")
        return UInt64(status.f_bavail) &* UInt64(status.f_frsize)
    }

    /// Moves the file offset to an absolute position (`lseek(2)`); `ESPIPE` for what has none, such as a pipe.
    package borrowing func seek(to offset: UInt64) throws(FileError) {
        try check(attempt { Int(lseek(rawValue, off_t(clamping: offset), SEEK_SET)) }, "lseek")
    }

    /// The file offset (`lseek(2)`).
    package borrowing func position() throws(FileError) -> UInt64 {
        UInt64(try check(attempt { Int(lseek(rawValue, 0, SEEK_CUR)) }, "lseek"))
    }

    /// Returns when the file's data and metadata, or the directory's entries, would survive a power cut (`fsync(2)`).
    package borrowing func sync() throws(FileError) {
        try check(changing("fsync") { Int(fsync(rawValue)) }, "fsync")
    }

    /// As ``sync()``, without metadata that is not needed to read the data back (`fdatasync(2)`).
    package borrowing func syncData() throws(FileError) {
        try check(changing("fdatasync") { Int(fdatasync(rawValue)) }, "fdatasync")
    }

    /// As ``sync()``, for everything on the file system (`syncfs(2)`).
    package borrowing func syncFileSystem() throws(FileError) {
        try check(changing("syncfs") { Int(holdfast_syncfs(rawValue)) }, "syncfs")
    }

    /// Writes out what the file system holds in memory, as a hint: errors stay to be seen by ``syncFileSystem()`` on the
    /// descriptor that matters.
    borrowing func writeOutFileSystem() { _ = holdfast_syncfs(rawValue) }

    /// Lets the kernel forget what it holds of the file in memory, so that it is read from the disk again; what is not on disk yet
    /// stays. A hint: a refusal is of no consequence (`posix_fadvise(2)`, `POSIX_FADV_DONTNEED`).
    package borrowing func forgetCached() { _ = posix_fadvise(rawValue, 0, 0, POSIX_FADV_DONTNEED) }

    /// Reads what is there, in one call; waits only if nothing is. For pipes.
    ///
    /// - Returns: how many bytes were read; 0 at the end.
    package borrowing func readAvailable(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        try check(attempt { Glibc.read(rawValue, buffer.baseAddress, buffer.count) }, "read")
    }

    /// Waits until there is something to read, or the other end is closed, but not longer than the time limit (`poll(2)`).
    ///
    /// - Returns: whether a read would not wait.
    package borrowing func isReadable(withinMilliseconds limit: CInt) -> Bool {
        var request = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, limit) > 0
    }

    /// Asks the kernel to begin writing a range out, and does not wait. A hint, by which a later ``sync()`` has less to do;
    /// it promises nothing, so a refusal is of no consequence (`sync_file_range(2)`).
    package borrowing func startWriteback(_ range: Range<UInt64>) {
        _ = holdfast_start_writeback(rawValue, Int64(clamping: range.lowerBound), Int64(clamping: range.count))
    }
}

/// - Throws: `EFBIG` for a place that no file can have.
private func checkPlace(_ offset: UInt64?, _ count: Int, _ operation: StaticString) throws(FileError) {
    guard let offset, offset > UInt64(Int64.max) - UInt64(count) else { return }
    throw failure(-Int(EFBIG), operation, "")
}
