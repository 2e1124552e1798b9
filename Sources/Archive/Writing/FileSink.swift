package import FileTree
package import StorageModel

/// Writes an archive to a file or a pipe, in order.
///
/// A file that will be synced is written past the page cache where that is possible (``DirectWriter``, which its owner flushes), else
/// handed to the disk in stretches while the rest is still being compressed, so that the sync at the end finds little left to do.
package struct FileSink: ArchiveSink {
    private let descriptor: SharedDescriptor
    private let name: String
    private let startsAtZero: Bool
    private let startsWriteback: Bool
    private let pace: Pace
    private let direct: DirectWriter?
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
    ///   - direct: takes the bytes of a new file in place of the descriptor.
    package init(
        _ descriptor: SharedDescriptor, name: String, startsAtZero: Bool = false, startsWriteback: Bool,
        pace: Pace = .unlimited, direct: DirectWriter? = nil
    ) {
        self.descriptor = descriptor
        self.name = name
        self.startsAtZero = startsAtZero
        self.startsWriteback = startsWriteback
        self.pace = pace
        self.direct = direct
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        pace.take(UInt64(bytes.count))
        do throws(FileError) {
            if let direct {
                try direct.write(bytes)
            } else {
                try descriptor.descriptor.writeAll(bytes, at: startsAtZero ? offset : nil)
            }
        } catch {
            throw failure(error)
        }
        advance(by: UInt64(bytes.count))
    }

    /// Shares the blocks where the file system can, else copies.
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
                try copyBytes(range.lowerBound..<start, of: archive)
                if try share(start..<end, of: archive) {
                    range = end..<range.upperBound
                } else {
                    range = start..<range.upperBound
                }
            }
        }
        try copyBytes(range, of: archive)
    }

    private mutating func share(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) -> Bool {
        let count = range.upperBound - range.lowerBound
        do throws(FileError) {
            try direct?.flush()
            sharesBlocks = try descriptor.descriptor.shareBlocks(range, of: archive.descriptor.descriptor, to: offset)
        } catch {
            throw failure(error)
        }
        guard sharesBlocks else { return false }
        direct?.skip(count)
        offset += count
        return true
    }

    private mutating func copyBytes(_ range: Range<UInt64>, of archive: ArchiveFile) throws(StorageError) {
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(range.upperBound, position + (pace.isLimited ? Self.pacedStretchBytes : Self.stretchBytes))
            pace.take(end - position)
            try pace.interruption.check()
            do throws(FileError) {
                try copy(position..<end, from: archive.descriptor)
            } catch {
                throw failure(error)
            }
            advance(by: end - position)
            position = end
        }
    }

    private func copy(_ range: Range<UInt64>, from source: SharedDescriptor) throws(FileError) {
        if let direct { return try direct.copy(range, of: source) }
        let count = try descriptor.descriptor.copy(range, of: source.descriptor, to: offset)
        guard count == range.upperBound - range.lowerBound else { throw FileError("copy_file_range", errno: .stale) }
    }

    private func failure(_ error: FileError) -> StorageError {
        StorageError(error, doing: "write an archive to '\(name.printable())'", object: name)
    }

    private mutating func advance(by count: UInt64) {
        offset += count
        if startsWriteback && direct == nil && offset - handedOver >= Self.stretchBytes {
            descriptor.descriptor.startWriteback(handedOver..<offset)
            handedOver = offset
        }
    }
}
