internal import CLinux
internal import StorageModel

/// Where the data of many files lies, as far as several files share it (ioctl_fiemap(2)).
///
/// Memory: 16 bytes for each shared extent, touching ones merged.
package struct ExtentMap: Sendable {
    /// Bytes on the device.
    private struct Piece: Sendable {
        var start: UInt64
        var end: UInt64
    }

    /// Bytes that no other file has.
    package private(set) var exclusiveBytes: UInt64 = 0
    /// Whether some extents take less on disk than they hold.
    package private(set) var isEncoded = false
    private var pieces: [Piece] = []
    /// Compressed extents, by where they begin: their lengths are those of the data, and would overlap on disk.
    private var encoded: [UInt64: UInt64] = [:]
    private var limitPieces = 1 << 20

    package init() {}

    mutating func addExclusive(_ bytes: UInt64) { exclusiveBytes &+= bytes }

    /// Adds the extents of a file.
    ///
    /// - Returns: `false` if its file system does not tell.
    mutating func read(_ file: borrowing Descriptor) -> Bool {
        let number = file.rawValue
        let capacity = 64
        return withUnsafeTemporaryAllocation(of: holdfast_extent.self, capacity: capacity) { room in
            var start: UInt64 = 0
            while true {
                let count = attempt { Int(holdfast_extents(number, start, room.baseAddress)) }
                guard count >= 0 else { return start > 0 }
                for index in 0..<count { add(room[index]) }
                guard count == capacity, room[count - 1].flags & HOLDFAST_EXTENT_LAST == 0 else { return true }
                start = room[count - 1].logical &+ room[count - 1].length
            }
        }
    }

    private mutating func add(_ extent: holdfast_extent) {
        let withoutPlace = HOLDFAST_EXTENT_UNKNOWN | HOLDFAST_EXTENT_DELAYED | HOLDFAST_EXTENT_INLINE
        if extent.flags & HOLDFAST_EXTENT_ENCODED != 0 { isEncoded = true }
        guard extent.flags & HOLDFAST_EXTENT_SHARED != 0, extent.flags & withoutPlace == 0 else {
            return addExclusive(extent.length)
        }
        if extent.flags & HOLDFAST_EXTENT_ENCODED != 0 {
            encoded[extent.physical] = max(encoded[extent.physical] ?? 0, extent.length)
            return
        }
        pieces.append(Piece(start: extent.physical, end: extent.physical &+ extent.length))
        guard pieces.count > limitPieces else { return }
        settle()
        limitPieces = max(1 << 20, 2 * pieces.count)
    }

    mutating func add(_ other: ExtentMap) {
        exclusiveBytes &+= other.exclusiveBytes
        isEncoded = isEncoded || other.isEncoded
        pieces += other.pieces
        encoded.merge(other.encoded) { max($0, $1) }
    }

    /// Sorts and merges, so that each byte is there once.
    mutating func settle() {
        pieces.sort { $0.start < $1.start }
        var merged: [Piece] = []
        for piece in pieces {
            if let last = merged.last, piece.start <= last.end {
                merged[merged.count - 1].end = max(last.end, piece.end)
            } else {
                merged.append(piece)
            }
        }
        pieces = merged
    }

    /// Bytes that several files have, each once. Call on a settled map.
    package var sharedBytes: UInt64 {
        pieces.reduce(0) { $0 &+ ($1.end - $1.start) } &+ encoded.values.reduce(0, &+)
    }

    /// How many of the shared bytes are in any of the other maps of the same device too. Call on settled maps.
    package func sharedBytes(with others: [ExtentMap]) -> UInt64 {
        var union = ExtentMap()
        for other in others { union.add(other) }
        union.settle()
        var sum: UInt64 = 0
        var index = 0
        for piece in pieces {
            while index < union.pieces.count && union.pieces[index].end <= piece.start { index += 1 }
            var probe = index
            while probe < union.pieces.count && union.pieces[probe].start < piece.end {
                sum &+= min(piece.end, union.pieces[probe].end) - max(piece.start, union.pieces[probe].start)
                probe += 1
            }
        }
        for (start, length) in encoded where union.encoded[start] != nil { sum &+= length }
        return sum
    }
}

extension ExtentMap {
    /// Where a file's data lies if all of it is shared with other files: two files that have the same place take it once.
    ///
    /// - Returns: `nil` if any of it is the file's own, or if the file system does not tell.
    package static func sharedPlace(of file: borrowing Descriptor) -> [UInt64]? {
        let number = file.rawValue
        let capacity = 64
        return withUnsafeTemporaryAllocation(of: holdfast_extent.self, capacity: capacity) { room in
            var place: [UInt64] = []
            var start: UInt64 = 0
            while true {
                let count = attempt { Int(holdfast_extents(number, start, room.baseAddress)) }
                guard count >= 0 else { return nil }
                for index in 0..<count {
                    guard room[index].flags & HOLDFAST_EXTENT_SHARED != 0 else { return nil }
                    place += [room[index].logical, room[index].physical, room[index].length]
                }
                guard count == capacity, room[count - 1].flags & HOLDFAST_EXTENT_LAST == 0 else {
                    return place.isEmpty ? nil : place
                }
                start = room[count - 1].logical &+ room[count - 1].length
            }
        }
    }
}
