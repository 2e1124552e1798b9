internal import Archive
package import Encryption
package import StorageModel

/// Compares two archives by their tables, and by tar headers where the tables cannot tell. Memory: a few chunks of each table, and
/// 90 bytes a data frame.
package enum ArchiveDifference {
    /// Calls `body` with every difference, in the order of archives.
    ///
    /// Content is compared by digest. Extended attributes and ACLs are not in the table: the headers of entries are compared
    /// whose frames are not the same in both archives. Cost: reading both tables, and decompressing those frames.
    ///
    /// - Throws: what `body` throws; ``StorageError/Code/conflict`` for an archive without a table.
    package static func forEach(
        from before: ArchiveReference, to after: ArchiveReference, keys: DecryptionKeys, checkpoint: Checkpoint,
        _ body: (ArchiveChange) throws(StorageError) -> Void
    ) throws(StorageError) {
        let (first, second) = (try table(of: before, keys, checkpoint), try table(of: after, keys, checkpoint))
        let attributes = try AttributeComparison(first, second)
        var old = EntryRun(first)
        var new = EntryRun(second)
        while true {
            try checkpoint.interruption.check()
            switch (try old.peek(), try new.peek()) {
            case (nil, nil): return
            case (let left?, let right?) where left.path == right.path:
                if let change = try change(from: left, to: right, attributes) { try body(change) }
                old.pass()
                new.pass()
            case (let left?, let right) where right.map { left.path < $0.path } ?? true:
                try body(
                    ArchiveChange(path: left.path, kind: .removed, beforeBytes: left.sizeBytes, afterBytes: nil))
                old.pass()
            case (_, let right?):
                try body(ArchiveChange(path: right.path, kind: .added, beforeBytes: nil, afterBytes: right.sizeBytes))
                new.pass()
            case (_?, nil): return
            }
        }
    }

    private static func table(
        of reference: ArchiveReference, _ keys: DecryptionKeys, _ checkpoint: Checkpoint
    ) throws(StorageError) -> ArchiveFile {
        let archive = try OpenedArchive.open(reference, keys: keys, checkpoint: checkpoint)
        if let file = archive.file { return file }
        throw StorageError(
            .conflict, object: archive.reportedName,
            "'\(archive.reportedName.printable())' has no table of contents to compare by",
            hint: "restore both and compare with diff -r, or back the data up with holdfast")
    }

    private static func change(
        from old: TableEntry, to new: TableEntry, _ attributes: AttributeComparison
    ) throws(StorageError) -> ArchiveChange? {
        var differences: [String] = []
        if old.kind != new.kind {
            differences.append("kind")
        } else if old.sizeBytes != new.sizeBytes || old.digestText != new.digestText {
            differences.append("content")
        }
        if old.linkTarget != new.linkTarget { differences.append("target") }
        if (old.deviceMajor, old.deviceMinor) != (new.deviceMajor, new.deviceMinor) { differences.append("device") }
        if old.metadata.mode != new.metadata.mode { differences.append("mode") }
        if (old.metadata.uid, old.metadata.gid) != (new.metadata.uid, new.metadata.gid) { differences.append("owner") }
        if old.metadata.modifiedAt != new.metadata.modifiedAt { differences.append("time") }
        differences += try attributes.differences(from: old, to: new)
        if differences.isEmpty { return nil }
        return ArchiveChange(
            path: new.path, kind: .changed, beforeBytes: old.sizeBytes, afterBytes: new.sizeBytes,
            differences: differences)
    }
}

/// The entries of an archive, one after the other.
private struct EntryRun {
    private let stream: EntryStream
    private var entries: ArraySlice<TableEntry> = []

    init(_ file: ArchiveFile) { stream = EntryStream(file) }

    mutating func peek() throws(StorageError) -> TableEntry? {
        while entries.isEmpty {
            guard let next = try stream.next() else { return nil }
            entries = next[...]
        }
        return entries.first
    }

    mutating func pass() { entries.removeFirst() }
}
