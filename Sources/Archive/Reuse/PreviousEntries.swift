internal import FileTree
internal import StorageModel

/// Goes through the entries of the previous archive in step with the walk of the tree. Memory: a few chunks of the table.
struct PreviousEntries {
    private let stream: EntryStream
    private var entries: ArraySlice<TableEntry> = []
    /// How many entries of a frame were passed, for the frames passed last.
    private var counts: [(frame: UInt64, count: Int)] = []
    /// Whether an entry was passed that the tree does not have any more.
    private(set) var sawRemoval = false

    /// A group that is about to be cut may end before the entry that was looked at last.
    private static let rememberedFrames = 4

    init(_ archive: PreviousArchive) {
        stream = EntryStream(chunks: archive.entryChunks.count) { (number) throws(StorageError) in
            try archive.entries(ofChunk: number)
        }
    }

    /// The entry at `path`, which must be behind those asked for before; `nil` if there is none.
    mutating func entry(at path: EntryPath) throws(StorageError) -> TableEntry? {
        while let next = try peek() {
            if path < next.path { return nil }
            pass(next)
            if next.path == path { return next }
            sawRemoval = true
        }
        return nil
    }

    /// Whether entries are left that the tree, by now walked to its end, does not have.
    mutating func hasRest() throws(StorageError) -> Bool { try peek() != nil }

    /// How many entries have their header in the frame; `nil` if more of them are to come.
    mutating func count(inFrame ordinal: UInt64) throws(StorageError) -> Int? {
        if let next = try peek(), next.headerFrame <= ordinal { return nil }
        return counts.last { $0.frame == ordinal }?.count
    }

    private mutating func pass(_ entry: TableEntry) {
        entries.removeFirst()
        if let last = counts.indices.last, counts[last].frame == entry.headerFrame {
            counts[last].count += 1
        } else {
            counts.append((entry.headerFrame, 1))
            if counts.count > Self.rememberedFrames { counts.removeFirst() }
        }
    }

    private mutating func peek() throws(StorageError) -> TableEntry? {
        while entries.isEmpty {
            guard let next = try stream.next() else { return nil }
            entries = next[...]
        }
        return entries.first
    }
}
