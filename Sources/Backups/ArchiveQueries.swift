internal import Archive
package import Encryption
internal import FileTree
package import StorageModel

/// Looks into archives: what they hold, one file of theirs, which ones a destination has.
package enum ArchiveQueries {
    /// Calls `body` with every entry at or below `path`, in the order of the archive.
    ///
    /// With a table, only its chunks are read; any other archive, and standard input, is read as a stream.
    package static func contents(
        of reference: ArchiveReference, beneath path: EntryPath, keys: DecryptionKeys, checkpoint: Checkpoint,
        _ body: (ArchiveListing) throws(StorageError) -> Void
    ) throws(StorageError) {
        let archive = try OpenedArchive.open(reference, keys: keys, checkpoint: checkpoint)
        var found = path.isRoot
        if let file = archive.file {
            try file.forEachEntry(beneath: path) { (entry) throws(StorageError) in
                try checkpoint.interruption.check()
                found = true
                try body(ArchiveListing(entry))
                return true
            }
        } else {
            let feed = try archive.feed(threads: 1, checkpoint: checkpoint)
            defer { feed.finish() }
            var reader = TarReader(feed, limits: ArchiveLimits())
            while let entry = try reader.nextEntry() {
                guard entry.path.isWithin(path) else { continue }
                found = true
                try body(ArchiveListing(entry))
            }
            try requireEnd(reader.sawEndOfArchive, archive.name)
            try archive.proveEnd(&reader, feed)
        }
        if !found { throw missing(path, archive.name) }
    }

    /// Writes the content of one file to a descriptor. A hard link yields the content of its first name.
    ///
    /// With a table: one chunk of entries, one of frame records, and the file's frames. The tar header decides; where the
    /// table says something else, it throws.
    ///
    /// - Returns: what the archive says of the file whose content was written.
    package static func writeFile(
        _ path: EntryPath, of reference: ArchiveReference, keys: DecryptionKeys, to output: SharedDescriptorNumber,
        checkpoint: Checkpoint
    ) throws(StorageError) -> ArchiveListing {
        let archive = try OpenedArchive.open(reference, keys: keys, checkpoint: checkpoint)
        let writer = try FileContentWriter(output)
        guard let file = archive.file else {
            return try writeFromStream(path, archive, writer, checkpoint)
        }
        guard var entry = try file.entry(at: path) else { throw missing(path, archive.name) }
        if entry.kind == .hardLink {
            guard let first = try file.entry(at: EntryPath(trusted: entry.linkTarget)) else {
                throw missing(EntryPath(trusted: entry.linkTarget), archive.name)
            }
            entry = first
        }
        try requireFile(entry.kind, path)
        var reader = TarReader(try SelectedFeed(file, entries: [entry]), limits: ArchiveLimits())
        guard let header = try reader.nextEntry(), TableEntry(header).agrees(with: entry) else {
            throw StorageError(
                .damaged, object: path.description,
                "the tar header of '\(path.description.printable())' is not what the table of '\(archive.name.printable())' says",
                hint: "run holdfast backup verify")
        }
        try writer.write(header, from: &reader, checkpoint)
        return ArchiveListing(entry)
    }

    private static func writeFromStream(
        _ path: EntryPath, _ archive: OpenedArchive, _ writer: FileContentWriter, _ checkpoint: Checkpoint
    ) throws(StorageError) -> ArchiveListing {
        let feed = try archive.feed(threads: WorkerPool.defaultThreads, checkpoint: checkpoint)
        defer { feed.finish() }
        var reader = TarReader(feed, limits: ArchiveLimits())
        while let entry = try reader.nextEntry() {
            guard entry.path == path else { continue }
            if entry.kind == .hardLink {
                let target = EntryPath(trusted: entry.linkTarget).description.printable()
                throw StorageError(
                    .conflict, object: path.description,
                    "'\(path.description.printable())' is a hard link to '\(target)'",
                    hint: "name that path: a stream cannot be read backwards")
            }
            try requireFile(entry.kind, path)
            try writer.write(entry, from: &reader, checkpoint)
            try archive.proveEnd(&reader, feed)
            return ArchiveListing(entry)
        }
        try requireEnd(reader.sawEndOfArchive, archive.name)
        throw missing(path, archive.name)
    }

    private static func requireFile(_ kind: EntryKind, _ path: EntryPath) throws(StorageError) {
        guard kind != .file else { return }
        throw StorageError(
            .conflict, object: path.description, "'\(path.description.printable())' is a \(kind.word), not a file",
            hint: "holdfast backup restore --path restores entries of any kind")
    }

    private static func requireEnd(_ sawEnd: Bool, _ name: String) throws(StorageError) {
        guard !sawEnd else { return }
        throw StorageError(
            .truncated, object: name, "'\(name.printable())' was cut off: more entries may be missing",
            hint: "take another copy")
    }

    static func missing(_ path: EntryPath, _ archive: String) -> StorageError {
        StorageError(
            .notFound, object: path.description,
            "'\(path.description.printable())' is not in '\(archive.printable())'",
            hint: "holdfast backup contents ARCHIVE lists what is")
    }
}

/// The number of a descriptor that the caller owns and keeps open.
package struct SharedDescriptorNumber: Sendable {
    package let rawValue: CInt
    package init(_ rawValue: CInt) { self.rawValue = rawValue }
}

/// Writes the content of one entry in order, holes as zeros.
private struct FileContentWriter {
    private let output: SharedDescriptor
    private static let zeros = [UInt8](repeating: 0, count: 1 << 20)

    init(_ number: SharedDescriptorNumber) throws(StorageError) {
        do throws(FileError) {
            output = SharedDescriptor(try Descriptor.duplicating(number.rawValue))
        } catch {
            throw StorageError(error, doing: "write to the output", object: "-")
        }
    }

    func write(
        _ entry: TarEntry, from reader: inout TarReader, _ checkpoint: Checkpoint
    ) throws(StorageError) {
        var extents = (entry.sparseMap?.extents ?? [0..<entry.sizeBytes])[...]
        var position: UInt64 = 0
        var left: UInt64 = 0
        while let slice = try reader.nextData() {
            try checkpoint.interruption.check()
            var start = slice.range.lowerBound
            while start < slice.range.upperBound {
                if left == 0, let next = extents.popFirst() {
                    try writeZeros(next.lowerBound - position)
                    position = next.lowerBound
                    left = next.upperBound - next.lowerBound
                }
                let count = Int(min(left, UInt64(slice.range.upperBound - start)))
                guard count > 0 else { break }
                try write(ByteSlice(slice.buffer, start..<(start + count)))
                start += count
                position += UInt64(count)
                left -= UInt64(count)
            }
        }
        try writeZeros(entry.sizeBytes - min(position, entry.sizeBytes))
    }

    private func writeZeros(_ count: UInt64) throws(StorageError) {
        var rest = count
        while rest > 0 {
            let part = Int(min(rest, UInt64(Self.zeros.count)))
            try write(ByteSlice(Self.zeros, 0..<part))
            rest -= UInt64(part)
        }
    }

    private func write(_ slice: ByteSlice) throws(StorageError) {
        do throws(FileError) {
            try slice.withBytes { (bytes) throws(FileError) in try output.descriptor.writeAll(bytes, at: nil) }
        } catch {
            throw StorageError(error, doing: "write to the output", object: "-")
        }
    }
}
