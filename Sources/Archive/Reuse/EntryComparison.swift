internal import FileTree
internal import StorageModel

/// Finds what the previous archive has of each entry of the walk. Used by the planner's thread.
struct EntryComparison {
    private let reuse: ArchiveReuse
    private let notices: NoticeList
    private let proof: ContentProof?
    private var entries: PreviousEntries
    private var inodes: InodeIndex?
    /// What the archive has under the path that was asked for last, changed or not.
    private var lastFound: TableEntry?
    /// Whether an entry was not what the archive has.
    private var sawChange = false

    /// - Parameter proof: reads what is too young to be trusted, and compares it.
    init(_ reuse: ArchiveReuse, notices: NoticeList, proof: ContentProof? = nil) {
        self.reuse = reuse
        self.notices = notices
        self.proof = proof
        entries = PreviousEntries(reuse.archive)
    }

    /// The archive's entry, if the walked one is unchanged; under another path, if it was renamed.
    mutating func unchanged(_ walked: WalkedEntry, hardLinkTarget: EntryPath?) throws(StorageError) -> TableEntry? {
        let found = try entries.entry(at: walked.path)
        lastFound = found
        var reason = ChangeReason.added
        if let found {
            guard let change = reuse.change(of: walked.status, hardLinkTarget: hardLinkTarget, since: found) else {
                return found
            }
            if change == .racy, proof?.proves(walked, is: found) == true { return found }
            reason = change
        }
        sawChange = true
        let moved = hardLinkTarget == nil ? try renamed(walked, reason) : nil
        if moved != nil { reason = .moved }
        notices.addReason(walked.path, reason)
        return moved
    }

    /// The slices of what the archive has under the path that was asked for last.
    var lastFoundSlices: ArraySlice<PlacedFrame> {
        guard let lastFound, lastFound.isInPayloadFrames else { return [] }
        return reuse.archive.frames(of: lastFound)?.dropFirst() ?? []
    }

    /// A file keeps its times when a directory above it is renamed. Its own renaming changes ctime: it is read, and found
    /// again by digest.
    private mutating func renamed(
        _ walked: WalkedEntry, _ reason: ChangeReason
    ) throws(StorageError) -> TableEntry? {
        guard reason == .added || reason == .inode, walked.status.kind == .file, reuse.comparesInodes,
            reuse.mayTrust(walked.status)
        else { return nil }
        if inodes == nil { inodes = try InodeIndex(reuse.archive) }
        guard let entry = try inodes?.entry(inode: reuse.identity(of: walked.status).inode),
            reuse.change(of: walked.status, hardLinkTarget: nil, since: entry) == nil
        else { return nil }
        return entry
    }

    /// Whether the walk, by now at its end, found the tree as the archive has it.
    mutating func isUnchanged() throws(StorageError) -> Bool {
        let hasRest = try entries.hasRest()
        return !sawChange && !entries.sawRemoval && !hasRest
    }

    /// The frame that holds these entries and nothing else, behind as much padding.
    mutating func frame(holding members: [GroupMember], padding: Int) throws(StorageError) -> PlacedFrame? {
        guard let first = members.first?.kept, first.headerOffset == UInt64(padding),
            first.headerFrame < UInt64(reuse.archive.frames.count)
        else { return nil }
        for member in members {
            guard let kept = member.kept, kept.path == member.path, kept.headerFrame == first.headerFrame else {
                return nil
            }
        }
        let frame = reuse.archive.frames[Int(first.headerFrame)]
        guard frame.record.kind == .group, try entries.count(inFrame: first.headerFrame) == members.count else {
            return nil
        }
        return frame
    }
}
