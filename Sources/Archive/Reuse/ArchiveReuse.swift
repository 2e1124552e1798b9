package import FileTree
package import StorageModel

/// From which archive frames are taken over, and how much of what is taken over is proved.
package struct ArchiveReuse: Sendable {
    package let archive: PreviousArchive
    let rule: TrustRule
    /// The share of unchanged data that is read again and compared, 0 to 1.
    let rereadShare: Double
    /// Differs from run to run, so that the samples go round.
    private let seed: UInt64

    /// One frame of so many is read and compared with its checksum before it is taken over: in sixteen nightly runs rot is
    /// found with a likelihood of two thirds, at the price of a sixteenth of the reading.
    private static let checkedShare = 1.0 / 16

    /// - Parameters:
    ///   - root: the directory that will be archived.
    ///   - startedAt: when this archive's reading begins.
    /// - Throws: if the archive's table cannot be read.
    package init(
        _ archive: PreviousArchive, root: borrowing Descriptor, startedAt: Timestamp, rereadShare: Double
    ) throws(StorageError) {
        self.archive = archive
        self.rereadShare = rereadShare
        seed = XXH64.hash(Array(startedAt.description.utf8))
        guard let previousRoot = try archive.file.entry(at: .root) else {
            throw ArchiveFile.damaged(archive.file.name, TableFault("it has no root"))
        }
        do throws(FileError) {
            rule = TrustRule(
                startedAt: archive.file.index.origin.startedAt, previousRoot: previousRoot, root: try root.status(),
                comparesInodes: try root.hasStableInodes())
        } catch {
            throw StorageError(error, doing: "read the source", object: "")
        }
    }

    /// Whether this frame's bytes are to be compared with their checksum before they are taken over.
    func checks(_ frame: PlacedFrame) -> Bool { draw(frame.ordinal) < Self.checkedShare }

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
