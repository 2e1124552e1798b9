internal import StorageModel

/// Finds the files of an archive by inode number, for what was renamed. Sixteen bytes a file, and one chunk of the table.
struct InodeIndex {
    private struct Place {
        let inode: UInt64
        let chunk: UInt32
        let position: UInt32
    }

    private let archive: PreviousArchive
    private let places: [Place]
    /// The neighbours of what was found last: a renamed directory's files stand together.
    private var cached: (chunk: UInt32, entries: [TableEntry])?

    /// Reads all entries once.
    init(_ archive: PreviousArchive) throws(StorageError) {
        self.archive = archive
        var places: [Place] = []
        for number in archive.entryChunks.indices {
            for (position, entry) in try archive.entries(ofChunk: number).enumerated() where entry.kind == .file {
                places.append(Place(inode: entry.inode, chunk: UInt32(number), position: UInt32(position)))
            }
        }
        places.sort { $0.inode < $1.inode }
        self.places = places
    }

    /// The entry of the file that had this number, if only one had.
    mutating func entry(inode: UInt64) throws(StorageError) -> TableEntry? {
        let first = places.partitioningIndex { $0.inode >= inode }
        guard first < places.count, places[first].inode == inode else { return nil }
        guard first + 1 == places.count || places[first + 1].inode != inode else { return nil }
        let place = places[first]
        if let cached, cached.chunk == place.chunk { return cached.entries[Int(place.position)] }
        let entries = try archive.entries(ofChunk: Int(place.chunk))
        cached = (place.chunk, entries)
        return entries[Int(place.position)]
    }
}
