internal import CLinux
internal import StorageModel

/// How the content of one file was copied.
package enum FileCopyMethod: Sendable, Equatable {
    /// The file system shares the blocks (`FICLONE`).
    case reflink
    /// Read and written, or copied inside the kernel.
    case copy
}

extension Descriptor {
    /// Below this size a file is read and written by hand instead of by `copy_file_range`.
    static var inlineCopyBytes: UInt64 { 64 << 10 }

    /// Gives this empty file the content of `source`; holes stay holes.
    ///
    /// - Parameter sharesBlocks: whether to try `FICLONE`; set to `false` once a file system has refused.
    package borrowing func copyContent(
        of source: borrowing Descriptor, status: FileStatus, sharesBlocks: inout Bool
    ) throws(FileError) -> FileCopyMethod {
        if status.sizeBytes == 0 { return .copy }
        if sharesBlocks {
            let (target, from) = (rawValue, source.rawValue)
            let result = changing("ioctl(FICLONE)") { Int(holdfast_ficlone(target, from)) }
            if result == 0 { return .reflink }
            guard Self.meansNoReflink(Errno(rawValue: CInt(-result))) else {
                throw failure(result, "ioctl(FICLONE)", "")
            }
            sharesBlocks = false
        }
        let hasHoles = status.allocatedBytes < status.sizeBytes
        let extents = hasHoles ? try source.dataExtents(sizeBytes: status.sizeBytes) : [0..<status.sizeBytes]
        for extent in extents { try copy(extent, of: source) }
        if hasHoles { try truncate(to: status.sizeBytes) }
        return .copy
    }

    private static func meansNoReflink(_ errno: Errno) -> Bool {
        errno == .notSupported || errno == .crossDevice || errno == .invalidArgument || errno == .notTerminal
            || errno == .textBusy || errno == .notPermitted || errno == .notImplemented
    }

    private borrowing func copy(_ extent: Range<UInt64>, of source: borrowing Descriptor) throws(FileError) {
        var position = extent.lowerBound
        if extent.upperBound - extent.lowerBound > Self.inlineCopyBytes {
            let (from, to) = (source.rawValue, rawValue)
            while position < extent.upperBound {
                let wanted = Int(min(extent.upperBound - position, 64 << 20))
                let count = changing("copy_file_range", byteCount: wanted) {
                    holdfast_copy_file_range(from, Int64(position), to, Int64(position), $0)
                }
                if count < 0 {
                    let errno = Errno(rawValue: CInt(-count))
                    // Older kernels refuse across file systems, special ones refuse altogether.
                    guard
                        errno == .crossDevice || errno == .invalidArgument || errno == .notSupported
                            || errno == .notImplemented
                    else { throw failure(count, "copy_file_range", "") }
                    break
                }
                if count == 0 { return }
                position += UInt64(count)
            }
        }
        try copyByHand(position..<extent.upperBound, of: source)
    }

    private borrowing func copyByHand(_ range: Range<UInt64>, of source: borrowing Descriptor) throws(FileError) {
        if range.isEmpty { return }
        let capacity = Int(min(range.upperBound - range.lowerBound, 256 << 10))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 4096)
        defer { buffer.deallocate() }
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Int(min(UInt64(capacity), range.upperBound - position))
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            let count = try source.read(into: part, at: position)
            if count == 0 { return }
            try writeAll(UnsafeRawBufferPointer(rebasing: part[..<count]), at: position)
            position += UInt64(count)
        }
    }
}
