internal import StorageModel

/// Reads the items of a skeleton in order. A damaged skeleton throws, it is never guessed around.
struct SkeletonReader {
    private let feed: TarFeed
    private let name: String
    private var decoder = TableDecoder([])
    private var isStarted = false
    private var file: (path: EntryPath, ordinal: UInt64)?
    private var fileCount: UInt64 = 0
    private let limits = ArchiveLimits()

    init(_ skeleton: StoredBlob, _ checkpoint: Checkpoint) throws(StorageError) {
        name = skeleton.name
        feed = try TarFeed(skeleton, threads: 1, limits: ArchiveLimits(), interruption: checkpoint.interruption)
    }

    /// Ends the thread behind it. Call in every case.
    func finish() { feed.finish() }

    /// The next item; `nil` at the end.
    mutating func next() throws(StorageError) -> SkeletonItem? {
        while decoder.isAtEnd {
            guard let chunk = try feed.nextChunk() else { return nil }
            decoder = TableDecoder(chunk)
            guard isStarted else {
                isStarted = true
                try expectMagic()
                continue
            }
        }
        do throws(TableFault) {
            return try item()
        } catch {
            throw damaged(error.reason)
        }
    }

    private mutating func expectMagic() throws(StorageError) {
        do throws(TableFault) {
            guard try decoder.raw(SkeletonLimits.magic.count).elementsEqual(SkeletonLimits.magic) else {
                throw TableFault("it does not begin as one")
            }
        } catch {
            throw damaged(error.reason)
        }
    }

    private mutating func item() throws(TableFault) -> SkeletonItem {
        switch try decoder.byte() {
        case SkeletonItem.framingMark: return .framing(try decoder.string())
        case SkeletonItem.fileMark:
            let text = try decoder.string()
            guard text.count <= limits.pathBytes, let path = EntryPath(parsing: text), !path.isRoot else {
                throw TableFault("a path cannot be")
            }
            file = (path, fileCount)
            fileCount += 1
            return .piece(try piece())
        case SkeletonItem.pieceMark: return .piece(try piece())
        default: throw TableFault("an item is of no known kind")
        }
    }

    private mutating func piece() throws(TableFault) -> SkeletonPiece {
        guard let file else { throw TableFault("a piece belongs to no file") }
        let count = try decoder.integer(UInt32.self)
        guard count > 0, count <= UInt32(SkeletonLimits.extentsPerPiece) else {
            throw TableFault("a piece has \(count) extents")
        }
        var extents: [Range<UInt64>] = []
        var (end, total): (UInt64, UInt64) = (0, 0)
        for _ in 0..<count {
            let (gap, length) = (try decoder.integer(), try decoder.integer())
            let (start, overflow) = end.addingReportingOverflow(gap)
            let (next, carry) = start.addingReportingOverflow(length)
            guard !overflow, !carry, next <= UInt64(Int64.max), length <= SkeletonLimits.pieceBytes else {
                throw TableFault("an extent is out of range")
            }
            extents.append(start..<next)
            end = next
            total += length
        }
        guard total <= SkeletonLimits.pieceBytes else { throw TableFault("a piece is too large") }
        let checksum = Array(try decoder.raw(8)).littleEndian(UInt64.self, at: 0)
        return SkeletonPiece(path: file.path, ordinal: file.ordinal, extents: extents, checksum: checksum)
    }

    private func damaged(_ reason: String) -> StorageError {
        StorageError(.damaged, object: name, "\(name.printable()) is damaged: \(reason)")
    }
}
