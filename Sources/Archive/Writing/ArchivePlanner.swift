internal import FileTree
internal import StorageModel

/// Cuts a walk into jobs: which entries share a frame, which file gets frames of its own, what is a second name.
///
/// The cuts depend on the tree alone, never on time or on the number of threads, so that equal trees become equal
/// archives. Used by one thread.
struct ArchivePlanner {
    private let root: SharedDescriptor
    private let notices: NoticeList
    private let submit: (ArchiveJob) throws(StorageError) -> Void
    private var members: [GroupMember] = []
    private var plannedBytes = 0
    private var openedMembers = 0
    private var padding = 0
    /// The first name of every file that has more than one.
    private var firstNames: [FileIdentity: EntryPath] = [:]
    private var comparison: EntryComparison?

    /// What a header takes, more or less: a ustar block, and a pax header with its record.
    private static let headerBytes = 3 * TarBlock.sizeBytes
    /// A group is cut when it holds this many descriptors, so that their number stays bounded.
    private static let openedLimit = 48

    init(
        root: SharedDescriptor, notices: NoticeList, reuse: ArchiveReuse?, proof: ContentProof?,
        submit: @escaping (ArchiveJob) throws(StorageError) -> Void
    ) {
        self.root = root
        self.notices = notices
        self.submit = submit
        comparison = reuse.map { EntryComparison($0, notices: notices, proof: proof) }
    }

    mutating func add(_ walked: WalkedEntry) throws(StorageError) {
        let status = walked.status
        if status.kind == .socket {
            notices.addSkipped(walked.path, "socket: it belongs to a running process and has no content")
            return
        }
        let first = status.linkCount > 1 && status.kind != .directory ? firstNames[status.identity] : nil
        let kept = try comparison?.unchanged(walked, hardLinkTarget: first)
        guard first == nil, kept == nil, status.needsOpening else {
            if first == nil && status.linkCount > 1 && status.kind != .directory {
                firstNames[status.identity] = walked.path
            }
            if first == nil, let kept, kept.isInPayloadFrames { return try keep(kept, walked) }
            return try add(
                GroupMember(path: walked.path, status: status, hardLinkTarget: first, opened: nil, kept: kept))
        }
        let opened: OpenedFile
        do throws(FileError) {
            opened = try open(walked)
        } catch {
            if error.errno != .noEntry { notices.addSkipped(walked.path, "cannot be read: \(error.errno)") }
            return
        }
        // Known as a first name only now: the names of a file that cannot be read are not links to it.
        if status.linkCount > 1 { firstNames[status.identity] = walked.path }
        try place(opened, walked)
    }

    /// Hands out what is left, and the end of the archive.
    mutating func finish() throws(StorageError) {
        try flush()
        try submit(.end(padding: padding))
    }

    /// Whether the walk, by now at its end, found the tree as the previous archive has it.
    mutating func isUnchanged() throws(StorageError) -> Bool { try comparison?.isUnchanged() ?? false }

    private func open(_ walked: WalkedEntry) throws(FileError) -> OpenedFile {
        let parent = try root.descriptor.openDirectory(beneath: walked.path.parent)
        let descriptor = try parent.openFile(walked.path.name, for: .reading)
        let status = try descriptor.status()
        let map = try sparseMap(of: descriptor, status)
        return OpenedFile(descriptor, status: status, sparseMap: map)
    }

    private mutating func place(_ opened: OpenedFile, _ walked: WalkedEntry) throws(StorageError) {
        guard opened.status.kind == .file else {
            notices.addSkipped(walked.path, "became a \(opened.status.kind.word) while it was read")
            return
        }
        guard opened.storedBytes >= Chunking.largeFromBytes else {
            try add(
                GroupMember(
                    path: walked.path, status: opened.status, hardLinkTarget: nil, opened: opened, kept: nil))
            return
        }
        try flush()
        var entry = TarEntry(path: walked.path, status: opened.status)
        entry.sparseMap = opened.sparseMap
        do throws(FileError) {
            entry.extendedAttributes = try opened.descriptor.extendedAttributes()
        } catch {
            notices.addSkipped(walked.path, "its extended attributes cannot be read: \(error.errno)")
        }
        try submit(.header(entry, TableEntry(entry, status: opened.status), padding: padding))
        let large = LargeFile(path: walked.path, file: opened, previous: comparison?.lastFoundSlices ?? [])
        for range in Chunking.slices(of: large.storedBytes) { try submit(.slice(large, range)) }
        padding = TarBlock.padding(after: large.storedBytes)
    }

    private mutating func keep(_ entry: TableEntry, _ walked: WalkedEntry) throws(StorageError) {
        try flush()
        try submit(.kept(KeptFile(path: walked.path, status: walked.status, entry: entry), padding: padding))
        padding = TarBlock.padding(after: entry.storedBytes)
    }

    private mutating func add(_ member: GroupMember) throws(StorageError) {
        let isFile = member.status.kind == .file && member.hardLinkTarget == nil
        let dataBytes = isFile ? Int(min(member.status.sizeBytes, Chunking.largeFromBytes)) : 0
        let entryBytes = Self.headerBytes + dataBytes + TarBlock.padding(after: dataBytes)
        if plannedBytes + entryBytes > Chunking.groupCeilingBytes { try flush() }
        members.append(member)
        plannedBytes += entryBytes
        if member.needsOpening { openedMembers += 1 }
        let mayCut = plannedBytes >= Chunking.groupFloorBytes
        if openedMembers == Self.openedLimit
            || mayCut && Chunking.cuts(behind: member.path, entryBytes: UInt64(entryBytes))
        {
            try flush()
        }
    }

    private mutating func flush() throws(StorageError) {
        if members.isEmpty { return }
        let whole = try comparison?.frame(holding: members, padding: padding)
        try submit(.group(members, padding: padding, whole: whole))
        padding = 0
        plannedBytes = 0
        openedMembers = 0
        members.removeAll(keepingCapacity: true)
    }
}
