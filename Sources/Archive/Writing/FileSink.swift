package import FileTree
package import StorageModel

/// Writes an archive to a file or a pipe, in order.
///
/// A file is handed to the disk in stretches while the rest is still being compressed, so that the sync at the end finds
/// little left to do.
package struct FileSink: ArchiveSink {
    private let descriptor: SharedDescriptor
    private let name: String
    private let startsAtZero: Bool
    private let startsWriteback: Bool
    private let pace: Pace
    private var offset: UInt64 = 0
    private var handedOver: UInt64 = 0
    /// Whether the file system may share blocks between this file and the one that is copied from.
    private var sharesBlocks = true

    private static let stretchBytes: UInt64 = 16 << 20
    /// Copied at once where the pace is limited.
    private static let pacedStretchBytes: UInt64 = 256 << 10

    /// - Parameters:
    ///   - startsAtZero: whether it is a new file, written from its start; else bytes go where the descriptor stands.
    ///   - startsWriteback: whether it will be synced.
    package init(
        _ descriptor: SharedDescriptor, name: String, startsAtZero: Bool = false, startsWriteback: Bool,
        pace: Pace = .unlimited
    ) {
        self.descriptor = descriptor
        self.name = name
        self.startsAtZero = startsAtZero
        self.startsWriteback = startsWriteback
        self.pace = pace
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        pace.take(UInt64(bytes.count))
        do throws(FileError) {
            try descriptor.descriptor.writeAll(bytes, at: startsAtZero ? offset : nil)
        } catch {
            throw failure(error)
        }
        advance(by: UInt64(bytes.count))
    }

    /// Shares the blocks where the file system can, else copies inside the kernel.
    package mutating func copy(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) {
        guard startsAtZero, archive.isPlain else { return try copyByHand(range, of: archive) }
        var range = range
        let isAligned = range.lowerBound % FrameLimits.alignmentBytes == offset % FrameLimits.alignmentBytes
        if sharesBlocks && isAligned {
            let start =
                range.lowerBound + (FrameLimits.alignmentBytes - range.lowerBound % FrameLimits.alignmentBytes)
                % FrameLimits.alignmentBytes
            let end = range.upperBound - range.upperBound % FrameLimits.alignmentBytes
            if start < end {
                try copyInKernel(range.lowerBound..<start, of: archive)
                if try share(start..<end, of: archive) {
                    range = end..<range.upperBound
                } else {
                    range = start..<range.upperBound
                }
            }
        }
        try copyInKernel(range, of: archive)
    }

    private mutating func share(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) -> Bool {
        do throws(FileError) {
            sharesBlocks = try descriptor.descriptor.shareBlocks(range, of: archive.descriptor.descriptor, to: offset)
        } catch {
            throw failure(error)
        }
        if sharesBlocks { offset += range.upperBound - range.lowerBound }
        return sharesBlocks
    }

    private mutating func copyInKernel(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) {
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(range.upperBound, position + (pace.isLimited ? Self.pacedStretchBytes : Self.stretchBytes))
            pace.take(end - position)
            try pace.interruption.check()
            do throws(FileError) {
                let count = try descriptor.descriptor.copy(
                    position..<end, of: archive.descriptor.descriptor, to: offset)
                guard count == end - position else { throw FileError("copy_file_range", errno: .stale) }
            } catch {
                throw failure(error)
            }
            advance(by: end - position)
            position = end
        }
    }

    private func failure(_ error: FileError) -> StorageError {
        StorageError(error, doing: "write an archive to '\(name.printable())'", object: name)
    }

    private mutating func advance(by count: UInt64) {
        offset += count
        if startsWriteback && offset - handedOver >= Self.stretchBytes {
            descriptor.descriptor.startWriteback(handedOver..<offset)
            handedOver = offset
        }
    }
}
