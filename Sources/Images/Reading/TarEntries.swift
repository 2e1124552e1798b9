internal import Archive
internal import StorageModel

/// The entries of an uncompressed tar in a file: where each one's content lies. No content is read or copied.
///
/// Of several entries of one name the last counts, as when the archive is unpacked.
final class TarEntries: ImageEntries {
    let name: String
    let resemblesRootFileSystem: Bool
    private let tar: StoredBlob
    private let places: [EntryPath: Place]

    private enum Place: Sendable {
        case content(Range<UInt64>)
        case entry(ImageEntry)
    }

    /// How much is read to look at a header: one with a long name, or two short ones.
    private static let headerReadBytes = 4096

    /// Reads the headers. Cost: one or two reads per entry; memory: about 150 bytes per entry.
    ///
    /// - Throws: ``StorageError/Code/damaged``, ``StorageError/Code/truncated``, or ``StorageError/Code/limitExceeded``
    ///   for more entries than `limits` has.
    init(_ tar: StoredBlob, name: String, limits: ArchiveLimits, checkpoint: Checkpoint) throws(StorageError) {
        let feed = BlobFeed(tar, chunkBytes: Self.headerReadBytes, interruption: checkpoint.interruption)
        var reader = TarReader(feed, limits: limits)
        var places: [EntryPath: Place] = [:]
        var resemblesRootFileSystem = false
        while let entry = try reader.nextEntry() {
            if !resemblesRootFileSystem { resemblesRootFileSystem = entry.path.isOfRootFileSystem }
            let start = tar.range.lowerBound + reader.offset
            places[entry.path] = Self.place(of: entry, from: start)
            try reader.skipData()
        }
        guard reader.sawEndOfArchive else {
            throw StorageError(
                .truncated, object: name, "\(name) is cut off: it has no end-of-archive mark",
                hint: "copy or save it again")
        }
        self.name = name
        self.tar = tar
        self.places = places
        self.resemblesRootFileSystem = resemblesRootFileSystem
    }

    private static func place(of entry: TarEntry, from start: UInt64) -> Place {
        switch entry.kind {
        case .file where entry.sparseMap != nil: .entry(.sparseFile)
        case .file: .content(start..<(start + entry.storedBytes))
        case .hardLink: .entry(.link(EntryPath(trusted: entry.linkTarget)))
        case .symbolicLink:
            .entry(entry.path.resolvingLink(entry.linkTarget).map { .link($0) } ?? .linkToOutside)
        default: .entry(.other)
        }
    }

    func entry(at path: EntryPath) -> ImageEntry? {
        switch places[path] {
        case .content(let range):
            .file(
                StoredBlob(
                    file: tar.file, range: range, name: "\(path.description.printable(limit: 300)) of \(name)"))
        case .entry(let entry): entry
        case nil: nil
        }
    }
}

extension EntryPath {
    /// Whether the path lies in a directory that root file systems have and image archives do not.
    fileprivate var isOfRootFileSystem: Bool {
        let first = String(decoding: bytes.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
        return ["bin", "etc", "lib", "sbin", "usr", "var"].contains(first)
    }
}
