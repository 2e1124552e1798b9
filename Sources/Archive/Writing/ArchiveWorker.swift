internal import FileTree
internal import StorageModel

/// Does the jobs of one thread: reads files, builds headers, hashes and compresses.
final class ArchiveWorker {
    let root: SharedDescriptor
    let notices: NoticeList
    let checkpoint: Checkpoint
    let reuse: ArchiveReuse?
    let kept: KeptContent?
    let pace: Pace
    var assembler: FrameAssembler
    let sliceKey: SliceKey?
    private let marker: SliceMarker?
    /// The directory of the last member, kept open because its neighbours follow.
    private var directory: (path: EntryPath, handle: SharedDescriptor)?

    /// How often a file that changes is read again before it is taken as it is.
    private static let attempts = 3
    /// Extended attributes of one entry beyond this cannot be held.
    private static let attributeLimitBytes = 4 << 20

    init(
        root: SharedDescriptor, level: Int, sliceKey: SliceKey?, reuse: ArchiveReuse?, notices: NoticeList,
        pace: Pace, checkpoint: Checkpoint
    ) throws(StorageError) {
        self.root = root
        self.notices = notices
        self.pace = pace
        self.checkpoint = checkpoint
        self.reuse = reuse
        self.sliceKey = sliceKey
        marker = sliceKey.flatMap { SliceMarker($0) }
        kept = try reuse.map { (reuse) throws(StorageError) in try KeptContent(reuse.archive) }
        assembler = try FrameAssembler(level: level)
    }

    func perform(_ job: ArchiveJob) throws(StorageError) -> [EncodedFrame] {
        try checkpoint.interruption.check()
        switch job {
        case .group(let members, let padding, let whole):
            if let whole, let frame = try takeOver(whole, members) { return [frame] }
            return try encode(members, padding: padding)
        case .kept(let file, let padding): return try takeOver(file, padding: padding)
        case .header(let entry, let tableEntry, let padding):
            assembler.append([UInt8](repeating: 0, count: padding))
            assembler.append(header: header(of: entry), of: tableEntry)
            return [try assembler.seal(.header, previous: reuse?.archive)]
        case .slice(let large, let range): return [try encode(large, range)]
        case .end(let padding):
            assembler.append([UInt8](repeating: 0, count: padding) + TarBlock.endOfArchive)
            return [try assembler.seal(.end, previous: reuse?.archive)]
        }
    }

    private func header(of entry: TarEntry) -> [UInt8] {
        var bytes: [UInt8] = []
        TarHeaderEncoder.append(entry, to: &bytes)
        return bytes
    }

    // MARK: Large files

    func encode(_ large: LargeFile, _ range: Range<UInt64>) throws(StorageError) -> EncodedFrame {
        let length = Int(range.upperBound - range.lowerBound)
        var filled = 0
        var failure: FileError?
        pace.take(UInt64(length))
        try assembler.appendSlice(length) { (room) throws(StorageError) in
            do throws(FileError) {
                filled = try large.file.read(into: room, storedAt: range.lowerBound)
            } catch {
                failure = error
            }
            return filled
        }
        let mark = marker.flatMap { assembler.mark($0) }
        var frame: EncodedFrame
        if let kept = unchanged(mark, large, range) {
            assembler.rejectSlice()
            frame = kept
        } else {
            frame = try assembler.seal(.payload, previous: reuse?.archive)
            frame.mark = mark
        }
        var reason = failure.map { "cannot be read at byte \(range.lowerBound): \($0.errno)" }
        if filled < length { reason = reason ?? "became shorter while it was read" }
        return finish(frame, large, range, suspectBecause: reason)
    }

    /// Says of a slice's frame what its reader has to know.
    func finish(
        _ frame: EncodedFrame, _ large: LargeFile, _ range: Range<UInt64>, suspectBecause reason: String? = nil
    ) -> EncodedFrame {
        var (frame, reason) = (frame, reason)
        frame.endsFile = range.upperBound == large.storedBytes
        if frame.endsFile { reason = reason ?? change(of: large) }
        if let reason {
            frame.isSuspect = true
            notices.addChanged(large.path, reason)
        }
        checkpoint.progress.advance(entries: 0, bytes: range.upperBound - range.lowerBound)
        return frame
    }

    private func change(of large: LargeFile) -> String? {
        do throws(FileError) {
            return try large.file.change()
        } catch {
            return "cannot be examined after it was read: \(error.errno)"
        }
    }

    // MARK: Groups

    private func encode(_ members: [GroupMember], padding: Int) throws(StorageError) -> [EncodedFrame] {
        assembler.append([UInt8](repeating: 0, count: padding))
        var frames: [EncodedFrame] = []
        var bytes: UInt64 = 0
        let rereads = members.first.map { reuse?.rereads($0.path) == true } == true
        for member in members {
            do throws(FileError) {
                if rereads {
                    try append(member)
                    compare(member)
                } else if try !appendKept(member) {
                    try append(member)
                }
            } catch {
                // It was there when the directory was listed; what vanished since then was not part of the backup's moment.
                if error.errno != .noEntry { notices.addSkipped(member.path, "cannot be read: \(error.errno)") }
            }
            bytes += member.status.kind == .file ? member.status.sizeBytes : 0
            if assembler.rawBytes >= Chunking.groupCeilingBytes {
                frames.append(try assembler.seal(.group, previous: reuse?.archive))
            }
        }
        if !assembler.isEmpty { frames.append(try assembler.seal(.group, previous: reuse?.archive)) }
        directory = nil
        checkpoint.progress.advance(entries: UInt64(members.count), bytes: bytes)
        return frames
    }

    private func append(_ member: GroupMember) throws(FileError) {
        var entry = TarEntry(path: member.path, status: member.status)
        if let target = member.hardLinkTarget {
            entry.kind = .hardLink
            entry.linkTarget = target.bytes
            entry.sizeBytes = 0
            assembler.append(header: header(of: entry), of: TableEntry(entry, status: member.status))
            return
        }
        switch member.status.kind {
        case .file: try appendFile(member)
        case .directory:
            entry.extendedAttributes = try directoryAttributes(member.path)
            assembler.append(header: header(of: entry), of: TableEntry(entry, status: member.status))
        default:
            let parent = try parent(of: member.path)
            if member.status.kind == .symbolicLink {
                entry.linkTarget = try parent.descriptor.readLink(member.path.name)
            }
            entry.extendedAttributes = held(try parent.descriptor.extendedAttributes(of: member.path.name), member.path)
            assembler.append(header: header(of: entry), of: TableEntry(entry, status: member.status))
        }
    }

    private func appendFile(_ member: GroupMember) throws(FileError) {
        if let opened = member.opened {
            _ = try propose(opened, member, isLast: true)
            return
        }
        let parent = try parent(of: member.path)
        for attempt in 1...Self.attempts {
            let descriptor = try parent.descriptor.openFile(member.path.name, for: .reading)
            let status = try descriptor.status()
            guard status.kind == .file else {
                notices.addSkipped(member.path, "became a \(status.kind.word) while it was read")
                return
            }
            let isLast = attempt == Self.attempts
            let map = try sparseMap(of: descriptor, status)
            let opened = OpenedFile(descriptor, status: status, sparseMap: map)
            if try propose(opened, member, isLast: isLast) { return }
        }
    }

    /// Adds the file to the frame if it held still; on the last attempt in any case, with a notice.
    private func propose(_ file: OpenedFile, _ member: GroupMember, isLast: Bool) throws(FileError) -> Bool {
        var status = file.status
        var grewLarge: String?
        if file.storedBytes >= Chunking.largeFromBytes {
            // The walk saw a small file, so that its place is here; what it had then is what can be kept.
            status = member.status
            grewLarge = "grew while it was read"
        }
        var entry = TarEntry(path: member.path, status: status)
        entry.sparseMap = grewLarge == nil ? file.sparseMap : nil
        entry.extendedAttributes = held(try file.descriptor.extendedAttributes(), member.path)
        let stored = Int(entry.storedBytes)
        pace.take(UInt64(stored))
        let filled = try assembler.propose(header: header(of: entry), storedBytes: stored) { (room) throws(FileError) in
            try file.read(into: room, storedAt: 0)
        }
        var change = grewLarge
        if change == nil { change = try file.change() }
        if change == nil && filled < stored { change = "became shorter while it was read" }
        if change != nil && !isLast && grewLarge == nil {
            assembler.reject()
            return false
        }
        var tableEntry = TableEntry(entry, status: status)
        if let change {
            tableEntry.changedDuringRead = true
            notices.addChanged(member.path, change)
        }
        assembler.accept(tableEntry)
        return true
    }

    /// A directory that may not be opened keeps its entry; the walk has reported that its content is missing.
    private func directoryAttributes(_ path: EntryPath) throws(FileError) -> [ExtendedAttribute] {
        do throws(FileError) {
            return held(try root.descriptor.openDirectory(beneath: path).extendedAttributes(), path)
        } catch  where error.errno == .accessDenied {
            return []
        }
    }

    private func held(_ attributes: [ExtendedAttribute], _ path: EntryPath) -> [ExtendedAttribute] {
        if attributes.isEmpty { return attributes }
        guard attributes.reduce(0, { $0 + $1.value.count + $1.name.utf8.count }) <= Self.attributeLimitBytes else {
            notices.addSkipped(path, "its extended attributes exceed \(ByteCount(UInt64(Self.attributeLimitBytes)))")
            return []
        }
        return attributes
    }

    private func parent(of path: EntryPath) throws(FileError) -> SharedDescriptor {
        let parentPath = path.parent
        if let directory, directory.path == parentPath { return directory.handle }
        let handle = SharedDescriptor(try root.descriptor.openDirectory(beneath: parentPath))
        directory = (parentPath, handle)
        return handle
    }
}
