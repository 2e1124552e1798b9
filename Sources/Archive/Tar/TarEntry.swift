package import StorageModel

/// One entry of a tar stream: everything that its header says.
package struct TarEntry: Hashable, Sendable {
    /// Relative to the archive's root; the root itself is written `./`.
    package var path: EntryPath
    package var kind: EntryKind
    package var metadata: EntryMetadata
    /// The file's apparent size; 0 for everything that is not a file.
    package var sizeBytes: UInt64 = 0
    /// The target of a symbolic link as written, or the path of a hard link's first name (without `./`).
    package var linkTarget: [UInt8] = []
    package var deviceMajor: UInt32 = 0
    package var deviceMinor: UInt32 = 0
    /// Sorted by name. ACLs stand here in their kernel form, as `system.posix_acl_access` and `…_default`.
    package var extendedAttributes: [ExtendedAttribute] = []
    /// Attributes that the header has in a form that means nothing here: access control lists with names of users.
    package var unresolvedAttributes: [String] = []
    /// Where the data of a file with holes lies; `nil` for a file without.
    package var sparseMap: SparseMap?

    package init(path: EntryPath, kind: EntryKind, metadata: EntryMetadata) {
        self.path = path
        self.kind = kind
        self.metadata = metadata
    }

    /// How many bytes of data follow the header (and the sparse map), padding excluded.
    package var storedBytes: UInt64 { kind == .file ? sparseMap?.storedBytes ?? sizeBytes : 0 }
}

/// The extents of a file that hold data, ascending and apart; the rest are holes.
package struct SparseMap: Hashable, Sendable {
    package let extents: [Range<UInt64>]
    package let storedBytes: UInt64

    package init(extents: [Range<UInt64>]) {
        self.extents = extents
        storedBytes = extents.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    }

    /// The map as GNU's pax format 1.0 writes it in front of the data: decimal lines, padded to whole blocks.
    ///
    /// A file that ends in a hole gets a last, empty extent at its end, as GNU tar writes it.
    func encoded(sizeBytes: UInt64) -> [UInt8] {
        var pairs = extents.map { ($0.lowerBound, $0.upperBound - $0.lowerBound) }
        if (extents.last?.upperBound ?? 0) < sizeBytes { pairs.append((sizeBytes, 0)) }
        var text = "\(pairs.count)\n"
        for (offset, length) in pairs { text += "\(offset)\n\(length)\n" }
        var bytes = Array(text.utf8)
        bytes.append(contentsOf: repeatElement(0, count: TarBlock.padding(after: bytes.count)))
        return bytes
    }
}

/// The unit of a tar stream.
package enum TarBlock {
    package static let sizeBytes = 512
    /// Two blocks of zeros end an archive.
    package static let endOfArchive = [UInt8](repeating: 0, count: 2 * sizeBytes)

    /// How many zero bytes fill `length` up to a whole number of blocks.
    package static func padding(after length: Int) -> Int { (sizeBytes - length % sizeBytes) % sizeBytes }
    package static func padding(after length: UInt64) -> Int { padding(after: Int(length % UInt64(sizeBytes))) }
}
