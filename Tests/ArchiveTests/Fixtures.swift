import Archive
import FileTree
import StorageModel
import TestSupport

/// An archive in memory: what a sink was given.
final class MemorySink: ArchiveSink {
    private(set) var bytes: [UInt8] = []

    func write(_ part: UnsafeRawBufferPointer) throws(StorageError) { bytes.append(contentsOf: part) }
}

/// A stream of prepared chunks.
struct ChunkFeed: ByteFeed {
    private var chunks: ArraySlice<[UInt8]>

    init(_ bytes: [UInt8], chunkBytes: Int = .max) {
        chunks =
            stride(from: 0, to: bytes.count, by: min(chunkBytes, max(bytes.count, 1))).map { start in
                Array(bytes[start..<(start + min(chunkBytes, bytes.count - start))])
            }[...]
    }

    mutating func nextChunk() -> [UInt8]? { chunks.popFirst() }
}

/// Trees and archives on disk, by the Archive room itself.
enum ArchiveFixture {
    static let origin = ArchiveOrigin(
        source: "dir:/fixture", engine: "dir", options: ["size": "1g"], labels: ["app": "shop", "é": "ü"], host: "here",
        startedAt: Timestamp(seconds: 1_700_000_000, nanoseconds: 5), encoder: "test", level: 3)

    @discardableResult
    static func write(
        _ tree: String, to path: String, level: Int = 3, threads: Int = 2
    ) throws -> (bytes: [UInt8], outcome: TreeArchiver.Outcome) {
        let sink = MemorySink()
        let root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: tree))
        let outcome = try TreeArchiver.archive(
            root, to: sink, origin: origin, options: TreeArchiver.Options(level: level, threads: threads),
            checkpoint: Checkpoint())
        try store(sink.bytes, at: path)
        return (sink.bytes, outcome)
    }

    static func store(_ bytes: [UInt8], at path: String) throws {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let directory = try Descriptor.openDirectory(atHostPath: String(path[..<slash]))
        let name = Array(path[path.index(after: slash)...].utf8)
        let file = try directory.createFile(name, exclusive: false)
        try file.truncate(to: 0)
        try ByteSlice(bytes, 0..<bytes.count).withBytes { (part) throws(FileError) in try file.writeAll(part, at: 0) }
    }

    static func open(_ path: String) throws -> ArchiveFile? {
        try ArchiveFile.open(SharedDescriptor(try Descriptor.openFile(atHostPath: path)), name: path)
    }

    /// Extracts any archive into an existing directory.
    @discardableResult
    static func extract(
        _ path: String, to target: String, merges: Bool = false
    ) throws -> (entries: UInt64, skipped: [EntryNotice], isComplete: Bool) {
        let feed = try TarFeed(
            SharedDescriptor(try Descriptor.openFile(atHostPath: path)), name: path, threads: 2,
            limits: ArchiveLimits(),
            interruption: Interruption())
        defer { feed.finish() }
        var reader = TarReader(feed, limits: ArchiveLimits())
        let extractor = try TreeExtractor(
            root: SharedDescriptor(try Descriptor.openDirectory(atHostPath: target)),
            policy: ExtractionPolicy(merges: merges, isPrivileged: Environment.isRoot), threads: 2,
            checkpoint: Checkpoint())
        let outcome = try extractor.extract(&reader)
        return (outcome.entries, outcome.skipped, outcome.isComplete)
    }

    static func verify(_ path: String) throws -> ArchiveVerifier.Outcome? {
        guard let file = try open(path) else { return nil }
        return try ArchiveVerifier.verify(file, threads: 2, checkpoint: Checkpoint())
    }

    static func readEntries(_ tar: [UInt8], chunkBytes: Int = .max, limits: ArchiveLimits = ArchiveLimits()) throws
        -> [TarEntry]
    {
        var reader = TarReader(ChunkFeed(tar, chunkBytes: chunkBytes), limits: limits)
        var entries: [TarEntry] = []
        while let entry = try reader.nextEntry() { entries.append(entry) }
        return entries
    }
}

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }
}
