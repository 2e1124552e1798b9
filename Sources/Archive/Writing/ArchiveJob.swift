internal import FileTree
internal import StorageModel

/// A piece of work for one worker of the archiver, made by the planner in the order of the stream.
enum ArchiveJob: Sendable {
    /// Small entries, to become one frame (or more, if they turn out larger than planned). As in every job but slices,
    /// `padding` bytes of the large file before it come first.
    /// - `whole`: the frame of the previous archive that holds just these entries, all unchanged, behind the same padding.
    case group([GroupMember], padding: Int, whole: PlacedFrame?)
    /// A large file that is as the previous archive has it.
    case kept(KeptFile, padding: Int)
    /// The header of a large file.
    case header(TarEntry, TableEntry, padding: Int)
    /// A slice of a large file's stored data.
    case slice(LargeFile, Range<UInt64>)
    /// The end of the archive.
    case end(padding: Int)

    /// Whether something of the source is read for it.
    var reads: Bool {
        switch self {
        case .group(_, _, let whole): whole == nil
        case .kept, .end: false
        case .header, .slice: true
        }
    }
}

/// An entry of a group, as the walk saw it.
struct GroupMember: Sendable {
    let path: EntryPath
    let status: FileStatus
    /// Set for the second and later names of a file: the path of the first.
    let hardLinkTarget: EntryPath?
    /// Set where the planner had to open the file already: files with several names, and sparse ones.
    let opened: OpenedFile?
    /// What the previous archive has of it, if it is unchanged; under another path, if it was renamed.
    let kept: TableEntry?

    /// Whether it has to be opened by the planner if it is not taken from the previous archive.
    var needsOpening: Bool { hardLinkTarget == nil && status.needsOpening }
}

/// A large file that need not be read.
struct KeptFile: Sendable {
    let path: EntryPath
    let status: FileStatus
    /// What the previous archive has of it; under another path, if it was renamed.
    let entry: TableEntry
}

/// A file that the planner opened: the descriptor goes with the job, so that nothing can take its place.
final class OpenedFile: Sendable {
    let descriptor: Descriptor
    /// As the descriptor says, after it was opened.
    let status: FileStatus
    /// Where its data lies, if it has holes.
    let sparseMap: SparseMap?

    init(_ descriptor: consuming Descriptor, status: FileStatus, sparseMap: SparseMap?) {
        self.descriptor = descriptor
        self.status = status
        self.sparseMap = sparseMap
    }

    var storedBytes: UInt64 { sparseMap?.storedBytes ?? status.sizeBytes }

    /// Reads a part of the stored data, holes left out. May return less: the file became shorter.
    func read(into room: UnsafeMutableRawBufferPointer, storedAt start: UInt64) throws(FileError) -> Int {
        guard let sparseMap else { return try descriptor.read(into: room, at: start) }
        var filled = 0
        var skipped: UInt64 = 0
        for extent in sparseMap.extents where filled < room.count {
            let length = extent.upperBound - extent.lowerBound
            defer { skipped += length }
            let wanted = start + UInt64(filled)
            guard wanted < skipped + length else { continue }
            let inside = wanted - skipped
            let count = Int(min(length - inside, UInt64(room.count - filled)))
            let part = UnsafeMutableRawBufferPointer(rebasing: room[filled..<(filled + count)])
            let got = try descriptor.read(into: part, at: extent.lowerBound + inside)
            filled += got
            if got < count { return filled }
        }
        return filled
    }

    /// Why the file is not what it was when it was opened; `nil` if it is.
    func change() throws(FileError) -> String? { status.change(to: try descriptor.status()) }
}

/// A large file, shared by the jobs of its slices.
final class LargeFile: Sendable {
    let path: EntryPath
    let file: OpenedFile
    let storedBytes: UInt64
    /// The slices that the previous archive has of the file, which differs from it in something.
    private let previous: ArraySlice<PlacedFrame>

    init(path: EntryPath, file: OpenedFile, previous: ArraySlice<PlacedFrame> = []) {
        self.path = path
        self.file = file
        self.previous = previous
        storedBytes = file.storedBytes
    }

    /// The previous archive's slice at the same place; `nil` if it has none of that length.
    func previous(of range: Range<UInt64>) -> PlacedFrame? {
        let number = Int(range.lowerBound / Chunking.sliceBytes)
        guard number < previous.count else { return nil }
        let frame = previous[previous.startIndex + number]
        return frame.record.rawBytes == range.upperBound - range.lowerBound ? frame : nil
    }
}

extension FileStatus {
    /// What differs in the later status of the same file, in words; `nil` if its content cannot have changed.
    func change(to later: FileStatus) -> String? {
        if later.sizeBytes > sizeBytes { return "grew while it was read" }
        if later.sizeBytes < sizeBytes { return "became shorter while it was read" }
        if later.modifiedAt != modifiedAt { return "was written while it was read" }
        if later.changedAt != changedAt && (later.metadata != metadata || later.linkCount != linkCount) {
            return "its owner, mode or links changed while it was read"
        }
        return nil
    }
}

extension FileStatus {
    /// Whether the planner opens the file itself: its content must not be exchanged before its further names come, or it
    /// depends on its holes where it belongs.
    var needsOpening: Bool { kind == .file && (linkCount > 1 || sizeBytes >= Chunking.largeFromBytes) }
}

extension TarEntry {
    /// The entry of something on disk, as far as its status tells.
    init(path: EntryPath, status: FileStatus) {
        self.init(path: path, kind: status.kind, metadata: status.metadata)
        if status.kind == .file { sizeBytes = status.sizeBytes }
        if status.kind == .characterDevice || status.kind == .blockDevice {
            deviceMajor = status.deviceMajor
            deviceMinor = status.deviceMinor
        }
    }
}

extension TableEntry {
    /// The table's view of a tar header.
    package init(_ entry: TarEntry) { self.init(entry, status: nil) }

    /// The table's view of `entry`, with what only the source's file system knows.
    init(_ entry: TarEntry, status: FileStatus?) {
        self.init(path: entry.path, kind: entry.kind, metadata: entry.metadata)
        sizeBytes = entry.kind == .file ? entry.sizeBytes : 0
        storedBytes = entry.storedBytes
        isSparse = entry.sparseMap != nil
        linkTarget = entry.linkTarget
        deviceMajor = entry.deviceMajor
        deviceMinor = entry.deviceMinor
        if let status {
            changedAt = status.changedAt
            inode = status.inode
            device = status.device
        }
    }
}
