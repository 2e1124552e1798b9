internal import Glibc
package import StorageModel

/// Writes a new file in order and past the page cache (`O_DIRECT`, open(2)), on a thread of its own.
///
/// What is written once and read by nobody soon takes no memory from who has use for it, and none has to be found for it: where
/// memory is scarce, or has to come from a host, copying through the cache takes longer than the disk. Bytes are gathered into
/// pieces of a mebibyte; ranges of other files are read past the cache too. A piece that is not made of whole blocks goes the
/// ordinary way, as does everything if the file system refuses.
///
/// Nothing is durable before the file is synced. After an error anything up to ``offset`` may be in the file. Owned by one thread.
/// Memory: five pieces.
package final class DirectWriter {
    private let file: SharedDescriptor
    private let direct: SharedDescriptor
    private let pool: WorkerPool
    private let monitor = Monitor(State())
    private let copier = RangeCopier()
    private var piece: AlignedPiece
    private var filled = 0
    /// Where the next byte goes.
    package private(set) var offset: UInt64 = 0

    private struct State: Sendable {
        /// What may still be handed over before the first is done.
        var places = queueCapacity
        var spare: [AlignedPiece] = []
        var failure: FileError?
    }

    private static let queueCapacity = 3
    /// What is shorter comes through the page cache: it is a few pages.
    private static let shortestDirectBytes = 64 << 10

    /// - Parameter file: written from its beginning; also by others, at places that are not written here.
    /// - Returns: `nil` unless the file is on ext4 or XFS. Elsewhere the kernel may send each piece over a network and wait, or
    ///   copies it all the same (btrfs, tmpfs).
    package init?(_ file: SharedDescriptor) {
        guard let direct = DirectFile.open(file, O_WRONLY) else { return nil }
        self.file = file
        self.direct = direct
        pool = WorkerPool(threads: 1)
        piece = AlignedPiece()
    }

    /// Appends.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try append(atMost: rest.count) { room in
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<(rest.startIndex + room.count)]))
                return room.count
            }
            rest = rest[(rest.startIndex + count)...]
        }
    }

    /// Appends a range of another file, which must not change; that it has so much is found out at once, or at ``flush()``
    /// (`ESTALE`).
    package func copy(_ range: Range<UInt64>, of source: SharedDescriptor) throws(FileError) {
        let block = DirectFile.blockBytes
        let head = min(range.upperBound, range.lowerBound + (block - offset % block) % block)
        let isCongruent = range.lowerBound % block == offset % block
        let middle = isCongruent ? head..<max(head, range.upperBound - range.upperBound % block) : head..<head
        guard middle.count >= Self.shortestDirectBytes else { return try read(range, of: source) }
        try read(range.lowerBound..<head, of: source)
        if filled > 0 { try handOver() }
        let (start, copier, direct, file) = (offset, copier, direct, file)
        try submit { () throws(FileError) in try copier.copy(middle, of: source, to: start, direct, file) }
        offset += UInt64(middle.count)
        try read(middle.upperBound..<range.upperBound, of: source)
    }

    /// Leaves so many bytes to be written by others. What was appended before must be flushed.
    package func skip(_ count: UInt64) {
        precondition(filled == 0, "bytes that are held back are not flushed")
        offset += count
    }

    /// Returns when everything is in the file.
    package func flush() throws(FileError) {
        let failure = monitor.wait { state in
            state.failure != nil || state.places == Self.queueCapacity ? .some(state.failure) : nil
        }
        if let failure { throw failure }
        if filled == 0 { return }
        try file.descriptor.writeAll(piece.bytes(filled), at: offset - UInt64(filled))
        filled = 0
    }

    /// Appends a range through the page cache.
    private func read(_ range: Range<UInt64>, of source: SharedDescriptor) throws(FileError) {
        var position = range.lowerBound
        while position < range.upperBound {
            var asked = 0
            let wanted = Int(min(range.upperBound - position, UInt64(AlignedPiece.sizeBytes)))
            let count = try append(atMost: wanted) { (room) throws(FileError) in
                asked = room.count
                return try source.descriptor.read(into: room, at: position)
            }
            guard count == asked else { throw FileError("pread", errno: .stale) }
            position += UInt64(count)
        }
    }

    /// Lets `body` fill some room, as much as is left of the piece, and says how much it filled.
    private func append(
        atMost limit: Int, _ body: (UnsafeMutableRawBufferPointer) throws(FileError) -> Int
    ) throws(FileError) -> Int {
        // A piece that began between two blocks ends at one.
        let begin = Int((offset - UInt64(filled)) % DirectFile.blockBytes)
        let left = AlignedPiece.sizeBytes - begin - filled
        let count = try body(piece.room(behind: filled, min(limit, left)))
        filled += count
        offset += UInt64(count)
        if count == left { try handOver() }
        return count
    }

    private func handOver() throws(FileError) {
        let (full, count, start) = (piece, filled, offset - UInt64(filled))
        let (file, direct, monitor) = (file, direct, monitor)
        try submit { () throws(FileError) in
            defer { monitor.update { $0.spare.append(full) } }
            try DirectFile.write(full.bytes(count), at: start, direct, file)
        }
        piece = monitor.update { $0.spare.popLast() } ?? AlignedPiece()
        filled = 0
    }

    /// Hands work to the thread that writes, and waits while it has enough. After a failure nothing more is done.
    private func submit(_ work: @escaping @Sendable () throws(FileError) -> Void) throws(FileError) {
        let monitor = monitor
        let failure: FileError? = monitor.wait { state in
            if let failure = state.failure { return .some(failure) }
            guard state.places > 0 else { return nil }
            state.places -= 1
            return .some(nil)
        }
        if let failure { throw failure }
        pool.submit {
            var failure: FileError?
            do throws(FileError) {
                if monitor.update({ $0.failure == nil }) { try work() }
            } catch {
                failure = error
            }
            monitor.update { state in
                state.failure = state.failure ?? failure
                state.places += 1
            }
        }
    }
}

/// Copies ranges between files, both past the page cache where that is possible.
///
/// `@unchecked Sendable` holds because only the writer's thread uses it.
private final class RangeCopier: @unchecked Sendable {
    private let piece = AlignedPiece()
    /// The file that was copied from last, and how it is read.
    private var source: (file: SharedDescriptor, direct: SharedDescriptor)?

    /// - Parameters: all are multiples of ``DirectFile/blockBytes``.
    func copy(
        _ range: Range<UInt64>, of other: SharedDescriptor, to start: UInt64, _ direct: SharedDescriptor,
        _ file: SharedDescriptor
    ) throws(FileError) {
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Int(min(range.upperBound - position, UInt64(AlignedPiece.sizeBytes)))
            let count = try read(other, into: piece.room(behind: 0, wanted), at: position)
            guard count == wanted else { throw FileError("pread", errno: .stale) }
            try DirectFile.write(piece.bytes(count), at: start + (position - range.lowerBound), direct, file)
            position += UInt64(count)
        }
    }

    private func read(
        _ other: SharedDescriptor, into room: UnsafeMutableRawBufferPointer, at position: UInt64
    ) throws(FileError) -> Int {
        do throws(FileError) {
            return try opened(other).descriptor.read(into: room, at: position)
        } catch  where error.errno == .invalidArgument {
            // A disk of larger blocks refuses the place, and will refuse others.
            source = (other, other)
            return try other.descriptor.read(into: room, at: position)
        }
    }

    private func opened(_ other: SharedDescriptor) -> SharedDescriptor {
        if let source, source.file === other { return source.direct }
        let direct = DirectFile.open(other, O_RDONLY) ?? other
        source = (other, direct)
        return direct
    }
}
