internal import Archive
package import Encryption
internal import FileTree
package import StorageModel

extension ArchiveListing {
    /// What the table says of an entry.
    init(_ entry: TableEntry) {
        let hasTarget = entry.kind == .symbolicLink || entry.kind == .hardLink
        self.init(
            path: entry.path, kind: entry.kind, sizeBytes: entry.sizeBytes, metadata: entry.metadata,
            linkTarget: hasTarget ? entry.linkTarget : nil, digest: entry.digestText,
            changedDuringRead: entry.changedDuringRead)
    }

    /// What a tar header says of an entry.
    init(_ entry: TarEntry) {
        let hasTarget = entry.kind == .symbolicLink || entry.kind == .hardLink
        self.init(
            path: entry.path, kind: entry.kind, sizeBytes: entry.kind == .file ? entry.sizeBytes : 0,
            metadata: entry.metadata, linkTarget: hasTarget ? entry.linkTarget : nil, digest: nil,
            changedDuringRead: false)
    }
}

/// Finds the archives below a destination.
package enum ArchiveDiscovery {
    /// All archives below `directory`, by path. Opens each one's table, so the cost is a few reads an archive.
    package static func archives(
        at directory: String, keys: DecryptionKeys, checkpoint: Checkpoint
    ) throws(StorageError) -> [ArchiveSummary] {
        var paths: [EntryPath] = []
        var failure: FileError?
        let walk: OrderedWalk
        do throws(FileError) {
            walk = try OrderedWalk(root: try Descriptor.openDirectory(atHostPath: directory), options: .init())
        } catch {
            throw Self.failure(error, directory)
        }
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            let name = entry.path.name
            if entry.status.kind == .file && name.first != UInt8(ascii: ".") && DestinationLayout.isArchive(name) {
                paths.append(entry.path)
            }
        } onError: { _, error in
            failure = failure ?? error
        }
        if let failure { throw Self.failure(failure, directory) }
        let root = HostPath.absolute(directory)
        return paths.map { summary(of: HostPath.join(root, $0.description), keys, checkpoint) }
    }

    private static func summary(of path: String, _ keys: DecryptionKeys, _ checkpoint: Checkpoint) -> ArchiveSummary {
        var sizeBytes: UInt64 = 0
        do throws(StorageError) {
            let archive = try OpenedArchive.open(.file(path), keys: keys, checkpoint: checkpoint)
            sizeBytes = archive.sizeBytes
            guard let index = archive.file?.index else {
                return ArchiveSummary(
                    archive: path, source: nil, createdAt: nil, archiveBytes: sizeBytes, entries: nil, sourceBytes: nil,
                    state: "no-table")
            }
            var summary = ArchiveSummary(
                archive: path, source: index.origin.source, createdAt: index.origin.startedAt, archiveBytes: sizeBytes,
                entries: index.entries, sourceBytes: index.sourceBytes, state: "complete")
            summary.tags = index.origin.tags
            return summary
        } catch {
            if let summary = closedSummary(of: path, error) { return summary }
            return ArchiveSummary(
                archive: path, source: nil, createdAt: nil, archiveBytes: sizeBytes, entries: nil, sourceBytes: nil,
                state: "unreadable")
        }
    }

    /// What is known of an encrypted archive that no key opens.
    private static func closedSummary(of path: String, _ error: StorageError) -> ArchiveSummary? {
        guard error.code == .permissionDenied else { return nil }
        do throws(StorageError) {
            guard let sizeBytes = try OpenedArchive.encryptedSize(path) else { return nil }
            let place = ArchivePath(path)
            return ArchiveSummary(
                archive: path, source: place.source?.description, createdAt: place.createdAt, archiveBytes: sizeBytes,
                entries: nil, sourceBytes: nil, state: "encrypted")
        } catch {
            return nil
        }
    }

    private static func failure(_ error: FileError, _ directory: String) -> StorageError {
        StorageError(
            error, doing: "list destination '\(directory.printable())'", object: directory,
            hint: error.errno == .noEntry ? "nothing was backed up there yet" : nil)
    }
}
