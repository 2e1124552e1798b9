package import FileTree
package import StorageModel

/// Reads what an interrupted run left, by the notes that it made (``RunJournal``), as an archive that ends early.
///
/// Of the file, only its size is looked at: the frames are those of the notes that lie in it whole. Whether their bytes are
/// what was written is found out for each one when it is taken over.
package enum InterruptedRun {
    /// More notes than this are those of some hundred million entries.
    package static let journalLimitBytes = 1 << 30

    /// What the first note says of the run; `nil` if it is not there.
    package static func origin(journal: [UInt8]) -> ArchiveOrigin? {
        guard let first = JournalRecord.payloads(in: journal).first else { return nil }
        // Why: notes that cannot be read are as good as none.
        return try? JournalRecord.origin(first)
    }

    /// Cost: reading all notes, and writing their table anew to memory, some 60 bytes an entry.
    ///
    /// - Returns: `nil` if there is nothing in it to be used.
    package static func open(
        _ descriptor: SharedDescriptor, journal: [UInt8], name: String
    ) throws(StorageError) -> ArchiveFile? {
        let sizeBytes = try ArchiveFile.attempt(name) { () throws(FileError) in
            try descriptor.descriptor.status().sizeBytes
        }
        let payloads = JournalRecord.payloads(in: journal)
        guard let first = payloads.first, let origin = try? JournalRecord.origin(first) else { return nil }
        var notes = Notes()
        for payload in payloads.dropFirst() {
            guard let additions = try? JournalRecord.additions(payload) else { break }
            for addition in additions { notes.add(addition) }
        }
        var table = try TableBuilder()
        let frames = try addFrames(notes.frames, to: &table, sizeBytes: sizeBytes)
        guard try addEntries(notes.entries, to: &table, frames.count) else { return nil }
        let (parts, _) = try table.finish(at: frames.endOffset, origin: origin, skippedEntries: 0)
        let end = parts.reduce(into: [UInt8]()) { $0 += $1 } + SeekTable().encodedFrame()
        return try ArchiveFile.open(ArchiveBytes(descriptor, upTo: frames.endOffset, then: end), name: name)
    }

    /// The frames that lie in the file whole, up to the first one that does not.
    private static func addFrames(
        _ additions: [TableAddition], to table: inout TableBuilder, sizeBytes: UInt64
    ) throws(StorageError) -> (count: UInt64, endOffset: UInt64) {
        var count: UInt64 = 0
        var offset: UInt64 = 0
        for addition in additions {
            guard let records = try? addition.frames() else { break }
            for record in records {
                let end = offset + record.paddingBytes + record.compressedBytes
                guard end <= sizeBytes else { return (count, offset) }
                try table.add(record, at: offset)
                count += 1
                offset = end
            }
        }
        return (count, offset)
    }

    /// The entries whose frames are all there, up to the first one whose are not. Of a frame, either all entries are noted or
    /// none: a note is made between two frames, and is whole or void.
    ///
    /// - Returns: whether the root is among them.
    private static func addEntries(
        _ additions: [TableAddition], to table: inout TableBuilder, _ frames: UInt64
    ) throws(StorageError) -> Bool {
        var last: EntryPath?
        for addition in additions {
            guard let entries = try? addition.entries() else { break }
            for entry in entries {
                let slices = entry.isInPayloadFrames ? Chunking.sliceCount(entry.storedBytes) : 0
                guard entry.headerFrame < frames, slices < frames - entry.headerFrame,
                    last.map({ $0 < entry.path }) ?? entry.path.isRoot
                else { return last != nil }
                try table.add(entry)
                last = entry.path
            }
        }
        return last != nil
    }
}

/// The additions of a journal in order: pieces of a chunk give way to the chunk when it was finished.
private struct Notes {
    private(set) var entries: [TableAddition] = []
    private(set) var frames: [TableAddition] = []

    mutating func add(_ addition: TableAddition) {
        if addition.isOfFrames { Self.add(addition, to: &frames) } else { Self.add(addition, to: &entries) }
    }

    private static func add(_ addition: TableAddition, to list: inout [TableAddition]) {
        if let open = list.last, !open.isSealed {
            list.removeLast()
            list.append(addition.isSealed ? addition : open.continued(by: addition))
        } else {
            list.append(addition)
        }
    }
}

extension TableAddition {
    fileprivate func continued(by next: TableAddition) -> TableAddition {
        TableAddition(
            isOfFrames: isOfFrames, isSealed: false, count: count + next.count, rawBytes: rawBytes + next.rawBytes,
            bytes: bytes + next.bytes)
    }

    /// What the index of a finished archive says of a chunk.
    private func chunk() throws(TableFault) -> ArchiveIndex.Chunk {
        guard bytes.count > SkippableFrame.headerBytes else { throw TableFault("a chunk is empty") }
        return ArchiveIndex.Chunk(
            offset: 0, lengthBytes: UInt64(bytes.count), rawBytes: rawBytes, count: count, firstPath: .root,
            firstFrameOffset: 0, digest: ContentHasher.digest(Array(bytes[SkippableFrame.headerBytes...])))
    }

    fileprivate func entries() throws(TableFault) -> [TableEntry] {
        if isSealed { return try ArchiveIndexReader.entries(frame: bytes, chunk: try chunk()) }
        return try ArchiveIndexReader.entries(content: bytes, count: count)
    }

    fileprivate func frames() throws(TableFault) -> [FrameRecord] {
        if isSealed { return try ArchiveIndexReader.frames(frame: bytes, chunk: try chunk()) }
        return try ArchiveIndexReader.frames(content: bytes, count: count)
    }
}
