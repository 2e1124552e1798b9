internal import FileTree
package import StorageModel

/// Tells what differs between entries of two archives that only their tar headers hold: extended attributes and ACLs.
///
/// Memory: about 90 bytes a data frame, and a frame of each archive. Used by one thread.
package final class AttributeComparison {
    private let old: PreviousArchive
    private let new: PreviousArchive
    private let oldContent: KeptContent
    private let newContent: KeptContent

    /// - Throws: ``StorageError/Code/damaged`` if a table is.
    package init(_ old: ArchiveFile, _ new: ArchiveFile) throws(StorageError) {
        (self.old, self.new) = (try PreviousArchive(old), try PreviousArchive(new))
        (oldContent, newContent) = (try KeptContent(self.old), try KeptContent(self.new))
    }

    /// `attributes`, `acl`, both or none.
    ///
    /// Cost: none where both archives have the same frame; else decompressing the two frames, once for entries side by side.
    /// - Throws: ``StorageError/Code/damaged`` if a header cannot be had.
    package func differences(from old: TableEntry, to new: TableEntry) throws(StorageError) -> [String] {
        guard old.kind == new.kind, old.kind != .hardLink, !isInSameFrame(old, new) else { return [] }
        let (before, after) = (try header(old, oldContent, self.old), try header(new, newContent, self.new))
        if before == after { return [] }
        let (first, second) = (try attributes(before, old), try attributes(after, new))
        var differences: [String] = []
        if first.filter({ !$0.isAccessControlList }) != second.filter({ !$0.isAccessControlList }) {
            differences.append("attributes")
        }
        if first.filter(\.isAccessControlList) != second.filter(\.isAccessControlList) { differences.append("acl") }
        return differences
    }

    /// A frame's digest stands for all headers in it.
    private func isInSameFrame(_ first: TableEntry, _ second: TableEntry) -> Bool {
        guard first.headerOffset == second.headerOffset, first.headerBytes == second.headerBytes,
            first.headerFrame < UInt64(old.frames.count), second.headerFrame < UInt64(new.frames.count)
        else { return false }
        return old.frames[Int(first.headerFrame)].record.digest == new.frames[Int(second.headerFrame)].record.digest
    }

    private func header(
        _ entry: TableEntry, _ content: KeptContent, _ archive: PreviousArchive
    ) throws(StorageError) -> [UInt8] {
        if let found = content.content(of: entry, at: entry.path) { return found.header }
        throw unreadable(entry, archive)
    }

    private func attributes(_ header: [UInt8], _ entry: TableEntry) throws(StorageError) -> [ExtendedAttribute] {
        var reader = TarReader(OneChunkFeed(header), limits: ArchiveLimits())
        guard let found = try reader.nextEntry() else { return [] }
        return found.extendedAttributes.sorted { $0.name < $1.name }
    }

    private func unreadable(_ entry: TableEntry, _ archive: PreviousArchive) -> StorageError {
        let name = archive.parts.first?.file.name ?? ""
        return StorageError(
            .damaged, object: name,
            "the header of '\(entry.path.description.printable())' in '\(name.printable())' cannot be read",
            hint: "run holdfast backup verify")
    }
}

extension ExtendedAttribute {
    fileprivate var isAccessControlList: Bool { name.hasPrefix("system.posix_acl_") }
}
