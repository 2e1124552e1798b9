internal import FileTree
package import StorageModel
internal import Synchronization

/// An earlier archive of the same source, whose frames the next one takes over instead of making them anew.
///
/// Memory: about 90 bytes a data frame. Nothing in it is believed that the next archive cannot prove: an entry is taken only
/// by ``TrustRule``, a frame's bytes only if their digest is that of what was read or the frame stands for unchanged entries.
package final class PreviousArchive: Sendable {
    package let file: ArchiveFile
    let frames: [PlacedFrame]
    /// Ordinals of frames by the first eight bytes of their digests, sorted.
    private let byDigest = Mutex<[DigestKey]?>(nil)
    /// Frames that are not what was written.
    private let damaged = Mutex<Set<UInt64>>([])

    private struct DigestKey {
        let key: UInt64
        let ordinal: UInt64
    }

    /// Reads all records of frames, and the whole table: damage is to be found before anything is built on it.
    ///
    /// - Throws: ``StorageError/Code/damaged``.
    package init(_ file: ArchiveFile) throws(StorageError) {
        self.file = file
        frames = try file.frames(0..<file.index.frames)
        for chunk in file.index.entryChunks { try file.checkDigest(of: chunk) }
    }

    /// The compressed bytes of a frame; `nil` if they cannot be read or are not what was written, which is remembered.
    func soundBytes(of frame: PlacedFrame) -> [UInt8]? {
        if isDamaged(frame) { return nil }
        do throws(StorageError) {
            return try file.compressed(frame)
        } catch {
            noteDamage(of: frame)
            return nil
        }
    }

    func noteDamage(of frame: PlacedFrame) { _ = damaged.withLock { $0.insert(frame.ordinal) } }

    func isDamaged(_ frame: PlacedFrame) -> Bool { damaged.withLock { $0.contains(frame.ordinal) } }

    /// The header's frame of a large file and those of its slices; `nil` if they are not what the entry says.
    func frames(of entry: TableEntry) -> ArraySlice<PlacedFrame>? {
        let slices = Chunking.sliceCount(entry.storedBytes)
        guard entry.headerFrame < UInt64(frames.count), slices < UInt64(frames.count) - entry.headerFrame else {
            return nil
        }
        let first = Int(entry.headerFrame)
        let result = frames[first...(first + Int(slices))]
        let payload = result.dropFirst()
        guard result.first?.record.kind == .header, payload.allSatisfy({ $0.record.kind == .payload }),
            payload.reduce(0, { $0 + $1.record.rawBytes }) == entry.storedBytes
        else { return nil }
        return result
    }

    /// The frames that were found damaged so far.
    package var damagedFrames: [UInt64] { damaged.withLock { $0.sorted() } }

    /// A frame of that content; `nil` if there is none. Cost: sorts the digests once.
    func frame(of kind: FrameRecord.Kind, digest: Digest, rawBytes: UInt64) -> PlacedFrame? {
        let key = Self.key(digest)
        return byDigest.withLock { index in
            let sorted =
                index
                ?? frames.map { DigestKey(key: Self.key($0.record.digest), ordinal: $0.ordinal) }
                .sorted { ($0.key, $0.ordinal) < ($1.key, $1.ordinal) }
            index = sorted
            var position = sorted.partitioningIndex { $0.key >= key }
            while position < sorted.count, sorted[position].key == key {
                let frame = frames[Int(sorted[position].ordinal)]
                if frame.record.digest == digest && frame.record.rawBytes == rawBytes && frame.record.kind == kind
                    && !isDamaged(frame)
                {
                    return frame
                }
                position += 1
            }
            return nil
        }
    }

    private static func key(_ digest: Digest) -> UInt64 { digest.bytes.littleEndian(UInt64.self, at: 0) }
}

extension Array {
    /// The first index whose element satisfies the predicate, in an array where all behind it do too.
    func partitioningIndex(_ belongsBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongsBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
