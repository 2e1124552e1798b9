package import FileTree
package import StorageModel

/// From which archive frames are taken over, and how much of what is taken over is proved.
package struct ArchiveReuse: Sendable {
    package let archive: PreviousArchive
    /// One for each part of the archive.
    private let rules: [TrustRule]
    /// What the tree is a copy of, if it is one.
    let originals: OriginalEntries?
    /// The share of unchanged data that is read again and compared, 0 to 1.
    let rereadShare: Double
    /// Differs from run to run, so that the samples go round.
    private let seed: UInt64

    /// One frame of so many is read and compared with its checksum before it is taken over: in sixteen nightly runs rot is
    /// found with a likelihood of two thirds, at the price of a sixteenth of the reading.
    private static let checkedShare = 1.0 / 16

    /// - Parameters:
    ///   - root: the directory that will be archived, or the one of which it is a copy.
    ///   - originals: what the entries of the copy are copies of.
    ///   - startedAt: when this archive's reading begins.
    /// - Throws: if the archive's table cannot be read.
    package init(
        _ archive: PreviousArchive, root: borrowing Descriptor, originals: OriginalEntries? = nil,
        startedAt: Timestamp, rereadShare: Double
    ) throws(StorageError) {
        self.archive = archive
        self.originals = originals
        self.rereadShare = rereadShare
        seed = XXH64.hash(Array(startedAt.description.utf8))
        let now: (identity: SourceIdentity, hasStableInodes: Bool)
        do throws(FileError) {
            now = (SourceIdentity(try root.status()), try root.hasStableInodes())
        } catch {
            throw StorageError(error, doing: "read the source", object: "")
        }
        rules = try archive.parts.map { (part) throws(StorageError) in
            guard let previousRoot = try part.file.entry(at: .root) else {
                throw ArchiveFile.damaged(part.file.name, TableFault("it has no root"))
            }
            return TrustRule(
                startedAt: part.file.index.origin.startedAt, previousRoot: previousRoot, root: now.identity,
                comparesInodes: now.hasStableInodes)
        }
    }

    /// Whether the inode number of a file is one that it keeps.
    var comparesInodes: Bool { rules.contains { $0.comparesInodes } }

    /// What differs between an entry of the walk and that of the archive; `nil` if it is unchanged.
    func change(of status: FileStatus, hardLinkTarget: EntryPath?, since entry: TableEntry) -> ChangeReason? {
        rules[archive.partNumber(of: entry)].change(
            of: status, identity(of: status), hardLinkTarget: hardLinkTarget, since: entry)
    }

    /// Whether it is old enough that some entry of the archive may be what it was.
    func mayTrust(_ status: FileStatus) -> Bool {
        let changedAt = identity(of: status).changedAt
        return rules.contains { $0.trusts(changedAt) }
    }

    /// That of the entry, or of its original.
    func identity(of status: FileStatus) -> SourceIdentity {
        originals?.identity(of: status) ?? SourceIdentity(status)
    }

    /// Whether this frame's bytes are to be compared with their checksum before they are taken over.
    func checks(_ frame: PlacedFrame) -> Bool { archive.isPartial(frame) || draw(frame.ordinal) < Self.checkedShare }

    /// Whether the sample that this run proves is what was written; reads the previous archive, not the source.
    package func sampleIsSound(_ interruption: Interruption) throws(StorageError) -> Bool {
        for frame in archive.frames where checks(frame) {
            try interruption.check()
            if archive.soundBytes(of: frame) == nil { return false }
        }
        return true
    }

    /// Whether what is unchanged, this entry and the others of its frame, is to be read all the same.
    func rereads(_ path: EntryPath) -> Bool { rereadShare > 0 && draw(XXH64.hash(path.bytes)) < rereadShare }

    private func draw(_ number: UInt64) -> Double {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(seed)
        bytes.appendLittleEndian(number)
        return Double(XXH64.hash(bytes) >> 11) / Double(UInt64(1) << 53)
    }
}
