package import StorageModel

/// A part of an archive's tar stream, put together from the frames that hold it and ended properly.
///
/// The table says which frames; what comes out are the tar headers and data themselves, for ``TarReader`` to judge.
package struct SelectedFeed: ByteFeed {
    /// A stretch of one frame's raw bytes.
    private struct Piece {
        let ordinal: UInt64
        let range: Range<UInt64>?
    }

    private let file: ArchiveFile
    private var pieces: ArraySlice<Piece>
    private let decoder: SelectedDecoder
    private var didEnd = false
    /// Zeros that complete the last block, then the end of the archive.
    private var ending: [UInt8]
    private var cached: (ordinal: UInt64, raw: [UInt8])?
    /// The files that are here because a selected hard link needs them, and the name of the first such link.
    package private(set) var aliases: [EntryPath: EntryPath] = [:]

    /// The entries at `paths` with everything below them, and the directories that lead to them.
    package init(_ file: ArchiveFile, paths: [EntryPath]) throws(StorageError) {
        var entries: [TableEntry] = []
        var chosen = Set<EntryPath>()
        for path in paths.sorted() {
            var ancestor = path.parent
            var ancestors: [TableEntry] = []
            while true {
                if !chosen.contains(ancestor), let entry = try file.entry(at: ancestor) { ancestors.append(entry) }
                if ancestor.isRoot { break }
                ancestor = ancestor.parent
            }
            for entry in ancestors.reversed() where chosen.insert(entry.path).inserted { entries.append(entry) }
            try file.forEachEntry(beneath: path) { (entry) throws(StorageError) in
                if chosen.insert(entry.path).inserted { entries.append(entry) }
                return true
            }
        }
        let aliases = try Self.resolveLinks(&entries, chosen, file)
        try self.init(file, entries: entries.sorted { $0.path < $1.path })
        self.aliases = aliases
    }

    /// Puts the file itself in place of the first link to a file that is not chosen.
    private static func resolveLinks(
        _ entries: inout [TableEntry], _ chosen: Set<EntryPath>, _ file: ArchiveFile
    ) throws(StorageError) -> [EntryPath: EntryPath] {
        var aliases: [EntryPath: EntryPath] = [:]
        for (index, entry) in entries.enumerated() where entry.kind == .hardLink {
            let target = EntryPath(trusted: entry.linkTarget)
            guard !chosen.contains(target), aliases[target] == nil, let first = try file.entry(at: target) else {
                continue
            }
            aliases[target] = entry.path
            entries[index] = first
        }
        return aliases
    }

    /// Exactly these entries, in the order of the archive.
    package init(_ file: ArchiveFile, entries: [TableEntry]) throws(StorageError) {
        self.file = file
        decoder = try SelectedDecoder(file)
        var pieces: [Piece] = []
        for entry in entries {
            var end = entry.headerOffset + entry.headerBytes
            if !entry.isInPayloadFrames {
                end += entry.storedBytes + UInt64(TarBlock.padding(after: entry.storedBytes))
            }
            pieces.append(Piece(ordinal: entry.headerFrame, range: entry.headerOffset..<end))
            guard entry.isInPayloadFrames else { continue }
            for slice in 0..<Chunking.sliceCount(entry.storedBytes) {
                pieces.append(Piece(ordinal: entry.headerFrame + 1 + slice, range: nil))
            }
            let padding = TarBlock.padding(after: entry.storedBytes)
            if padding > 0 { pieces.append(Piece(ordinal: .max, range: 0..<UInt64(padding))) }
        }
        self.pieces = pieces[...]
        ending = TarBlock.endOfArchive
    }

    package mutating func nextChunk() throws(StorageError) -> [UInt8]? {
        while let piece = pieces.popFirst() {
            let chunk = try content(of: piece)
            if !chunk.isEmpty { return chunk }
        }
        if didEnd { return nil }
        didEnd = true
        return ending
    }

    private mutating func content(of piece: Piece) throws(StorageError) -> [UInt8] {
        if piece.ordinal == .max { return [UInt8](repeating: 0, count: piece.range?.count ?? 0) }
        let raw: [UInt8]
        if let cached, cached.ordinal == piece.ordinal {
            raw = cached.raw
        } else {
            raw = try decoder.raw(piece.ordinal)
            cached = (piece.ordinal, raw)
        }
        guard let range = piece.range else { return raw }
        guard range.upperBound <= UInt64(raw.count) else {
            throw ArchiveFile.damaged(file.name, TableFault("an entry lies outside of its frame"))
        }
        return Array(raw[Int(range.lowerBound)..<Int(range.upperBound)])
    }
}

/// Decompresses single frames of a file, found by their ordinal.
private final class SelectedDecoder {
    private let file: ArchiveFile
    private var decoder: FrameDecoder
    /// Records around the last frame, because the next one wanted is mostly near.
    private var known: [PlacedFrame] = []

    init(_ file: ArchiveFile) throws(StorageError) {
        self.file = file
        decoder = try FrameDecoder()
    }

    func raw(_ ordinal: UInt64) throws(StorageError) -> [UInt8] {
        let frame = try place(ordinal)
        let bytes = try file.compressed(frame)
        return try bytes.withBytes { (buffer) throws(StorageError) in
            try decoder.decompress(buffer, rawBytes: Int(frame.record.rawBytes))
        }
    }

    private func place(_ ordinal: UInt64) throws(StorageError) -> PlacedFrame {
        if let first = known.first, ordinal >= first.ordinal, ordinal - first.ordinal < UInt64(known.count) {
            return known[Int(ordinal - first.ordinal)]
        }
        guard ordinal < file.index.frames else {
            throw ArchiveFile.damaged(file.name, TableFault("a frame is named that is not there"))
        }
        let from = ordinal / TableChunk.framesPerChunk * TableChunk.framesPerChunk
        known = try file.frames(from..<min(from + TableChunk.framesPerChunk, file.index.frames))
        return known[Int(ordinal - from)]
    }
}
