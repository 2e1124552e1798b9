internal import CLinux
internal import Glibc
internal import StorageModel

/// Files past the page cache.
enum DirectFile {
    /// Places, lengths and memory are multiples of it. A disk with larger blocks refuses some, which go the ordinary way.
    static let blockBytes: UInt64 = 4096
    /// ext4 and XFS.
    private static let fileSystemTypes: Set<UInt64> = [0xef53, 0x5846_5342]

    /// Opens a file again, by `/proc`, as it may have no name or another by now.
    static func open(_ file: SharedDescriptor, _ access: CInt) -> SharedDescriptor? {
        // Why: what cannot be used this way is used another way.
        guard let type = try? file.descriptor.fileSystemStatus().type, fileSystemTypes.contains(type) else {
            return nil
        }
        let result = withCText("/proc/self/fd/\(file.descriptor.rawValue)".utf8) { text in
            attempt { Int(openat(AT_FDCWD, text, access | HOLDFAST_O_DIRECT | O_CLOEXEC)) }
        }
        return result < 0 ? nil : SharedDescriptor(Descriptor(result))
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, at start: UInt64, _ direct: SharedDescriptor, _ file: SharedDescriptor
    ) throws(FileError) {
        var written = 0
        if start % blockBytes == 0 && bytes.count % Int(blockBytes) == 0 {
            written = try direct.descriptor.writeOnce(bytes, at: start)
        }
        // A short write ends anywhere: the rest is none for this way any more.
        if written < bytes.count {
            try file.descriptor.writeAll(
                UnsafeRawBufferPointer(rebasing: bytes[written...]), at: start + UInt64(written))
        }
    }
}

/// A piece of a file in memory, aligned as `O_DIRECT` needs it.
///
/// `@unchecked Sendable` holds because it is handed from one thread to the other and back under a lock, and used by the one that
/// has it.
final class AlignedPiece: @unchecked Sendable {
    static let sizeBytes = 1 << 20
    private let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: sizeBytes, alignment: Int(DirectFile.blockBytes))

    deinit { memory.deallocate() }

    func bytes(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    func room(behind filled: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[filled..<(filled + count)])
    }
}

extension Descriptor {
    /// - Returns: how many bytes were written; 0 if the file does not take them this way.
    fileprivate borrowing func writeOnce(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) -> Int {
        let result = changing("pwrite", byteCount: bytes.count) { count in
            pwrite(rawValue, bytes.baseAddress, count, off_t(clamping: offset))
        }
        return result == -Int(EINVAL) ? 0 : try check(result, "pwrite")
    }
}
