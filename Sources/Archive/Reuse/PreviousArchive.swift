internal import FileTree
package import StorageModel
internal import Synchronization

/// An earlier archive of the same source, whose frames the next one takes over instead of making them anew.
///
/// Or what an interrupted run left, and behind that the rest of the archive which that run had before it: the two count as one,
/// the entries and frames of the second after those of the first.
///
/// Memory: about 170 bytes a data frame. Nothing in it is believed that the next archive cannot prove: an entry is taken only
/// by ``TrustRule``, a frame's bytes only if their digest is that of what was read or the frame stands for unchanged entries.
package final class PreviousArchive: Sendable {
    /// One of the files, and from where its frames and bytes count here.
    struct Part: Sendable {
        let file: ArchiveFile
        let isPartial: Bool
        let firstFrame: UInt64
        let firstByte: UInt64
        /// The file's first frame whose entries count: an earlier part has those before.
        let entriesFromFrame: UInt64
    }

    let parts: [Part]
    let frames: [PlacedFrame]
    /// The chunks of entries, each with the number of its part.
    let entryChunks: [(part: Int, chunk: ArchiveIndex.Chunk)]
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
    package convenience init(_ file: ArchiveFile) throws(StorageError) { try self.init(partial: nil, file) }

    /// - Parameters:
    ///   - partial: what an interrupted run left.
    ///   - file: the whole archive before it, if there is one.
    package init(partial: ArchiveFile?, _ file: ArchiveFile?) throws(StorageError) {
        var parts: [Part] = []
        if let partial {
            parts.append(Part(file: partial, isPartial: true, firstFrame: 0, firstByte: 0, entriesFromFrame: 0))
        }
        if let file {
            let entriesFrom = try partial.map { (partial) throws(StorageError) in
                try Self.firstFrame(of: file, behind: partial)
            }
            parts.append(
                Part(
                    file: file, isPartial: false, firstFrame: partial?.index.frames ?? 0,
                    firstByte: partial?.sizeBytes ?? 0, entriesFromFrame: entriesFrom ?? 0))
        }
        var frames: [PlacedFrame] = []
        var chunks: [(part: Int, chunk: ArchiveIndex.Chunk)] = []
        for (number, part) in parts.enumerated() {
            var own = try part.file.frames(0..<part.file.index.frames)
            let key = part.file.index.origin.sliceKey
            if key == nil || key != parts[0].file.index.origin.sliceKey { own = own.map { $0.unmarked() } }
            frames += number == 0 ? own : own.map { $0.moved(by: part.firstFrame, bytes: part.firstByte) }
            for chunk in part.file.index.entryChunks {
                try part.file.checkDigest(of: chunk)
                chunks.append((number, chunk))
            }
        }
        (self.parts, self.frames, entryChunks) = (parts, frames, chunks)
    }

    /// The first frame of `file` all of whose entries, and those of all frames behind it, come after those of `partial`.
    private static func firstFrame(
        of file: ArchiveFile, behind partial: ArchiveFile
    ) throws(StorageError) -> UInt64 {
        guard let lastChunk = partial.index.entryChunks.last,
            let last = try partial.entries(of: lastChunk).last?.path,
            let first = file.firstChunk(atOrBefore: last)
        else { return 0 }
        var frameBefore: UInt64?
        for chunk in file.index.entryChunks[first...] {
            for entry in try file.entries(of: chunk) {
                if last < entry.path {
                    // A frame that is cut by the boundary does not count: who has its later entries lacks the earlier.
                    return entry.headerFrame == frameBefore ? entry.headerFrame + 1 : entry.headerFrame
                }
                frameBefore = entry.headerFrame
            }
        }
        return file.index.frames
    }

    /// With what the slices are marked, those that are.
    package var sliceKey: SliceKey? { parts.first?.file.index.origin.sliceKey }

    // MARK: Parts

    private func part(ofFrame ordinal: UInt64) -> Part {
        parts.count > 1 && ordinal >= parts[1].firstFrame ? parts[1] : parts[0]
    }

    /// The number of the part that an entry's header is in.
    func partNumber(of entry: TableEntry) -> Int {
        parts.count > 1 && entry.headerFrame >= parts[1].firstFrame ? 1 : 0
    }

    /// Whether it comes from a run that was interrupted: what of it reached the disk is not known.
    func isPartial(_ frame: PlacedFrame) -> Bool { part(ofFrame: frame.ordinal).isPartial }

    /// The entries of a chunk, by its place in ``entryChunks``.
    func entries(ofChunk number: Int) throws(StorageError) -> [TableEntry] {
        let (partNumber, chunk) = entryChunks[number]
        let part = parts[partNumber]
        let entries = try part.file.entries(of: chunk)
        if part.firstFrame == 0 && part.entriesFromFrame == 0 { return entries }
        return entries.compactMap { entry in
            guard entry.headerFrame >= part.entriesFromFrame else { return nil }
            var moved = entry
            moved.headerFrame += part.firstFrame
            return moved
        }
    }

    /// The file, and the range in it, of a run of bytes that lies in one part.
    func place(of range: Range<UInt64>) -> (file: ArchiveFile, range: Range<UInt64>) {
        let part = parts.count > 1 && range.lowerBound >= parts[1].firstByte ? parts[1] : parts[0]
        return (part.file, (range.lowerBound - part.firstByte)..<(range.upperBound - part.firstByte))
    }

    // MARK: Frames

    /// The compressed bytes of a frame; `nil` if they cannot be read or are not what was written, which is remembered.
    func soundBytes(of frame: PlacedFrame) -> [UInt8]? {
        if isDamaged(frame) { return nil }
        let part = part(ofFrame: frame.ordinal)
        do throws(StorageError) {
            return try part.file.compressed(
                PlacedFrame(
                    ordinal: frame.ordinal - part.firstFrame, offset: frame.offset - part.firstByte,
                    record: frame.record))
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
        guard part(ofFrame: entry.headerFrame).firstFrame == part(ofFrame: UInt64(first) + slices).firstFrame,
            result.first?.record.kind == .header, payload.allSatisfy({ $0.record.kind == .payload }),
            payload.reduce(0, { $0 + $1.record.rawBytes }) == entry.storedBytes
        else { return nil }
        return result
    }

    /// The frames of the whole archive that were found damaged so far.
    package var damagedFrames: [UInt64] {
        guard let whole = parts.last, !whole.isPartial else { return [] }
        return damaged.withLock { $0.filter { $0 >= whole.firstFrame }.map { $0 - whole.firstFrame }.sorted() }
    }

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

extension PlacedFrame {
    fileprivate func unmarked() -> PlacedFrame {
        PlacedFrame(ordinal: ordinal, offset: offset, record: record.unmarked())
    }

    fileprivate func moved(by frames: UInt64, bytes: UInt64) -> PlacedFrame {
        PlacedFrame(ordinal: ordinal + frames, offset: offset + bytes, record: record)
    }
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
