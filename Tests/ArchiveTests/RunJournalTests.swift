import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: whatever became of the notes of an interrupted run, nothing is read out of them that was not written. Method: the notes of
/// a real run, with flipped bits, cut off, and of a newer form, against the table of the archive.
@Suite("Notes of interrupted runs") struct RunJournalTests {
    private let place: TemporaryDirectory
    private let archive: SharedDescriptor
    private let journal: [UInt8]
    private let entries: [TableEntry]

    init() throws {
        place = try TemporaryDirectory("journal")
        let tree = try TreeBuilder(place("tree"))
        var generator = SeededGenerator(seed: 9)
        func random(_ count: Int) -> [UInt8] {
            (0..<(count / 8)).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        }
        for file in 0..<3 { try tree.file(Array("large\(file)".utf8), random(4_400_000)) }
        for file in 0..<40 { try tree.file(Array("small\(file)".utf8), random(1000)) }
        let root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: tree.root))
        let notes = try Descriptor.openDirectory(atHostPath: place.path)
        let sink = MemorySink()
        _ = try TreeArchiver.archive(
            root, to: sink, origin: ArchiveFixture.origin, options: TreeArchiver.Options(level: 1, threads: 2),
            journal: RunJournal(ArchiveFixture.origin) { () throws(FileError) in
                try notes.createFile(Array("journal".utf8))
            }, checkpoint: Checkpoint())
        try ArchiveFixture.store(sink.bytes, at: place("a"))
        archive = SharedDescriptor(try Descriptor.openFile(atHostPath: place("a")))
        journal = try Tool.run("cat", place("journal")).check().output
        var all: [TableEntry] = []
        let whole = try #require(try ArchiveFixture.open(place("a")))
        try whole.forEachEntry(beneath: .root) { (entry) throws(StorageError) in
            all.append(entry)
            return true
        }
        entries = all
    }

    private func open(_ journal: [UInt8]) throws -> ArchiveFile? {
        try InterruptedRun.open(archive, journal: journal, name: "a")
    }

    /// The entries that notes tell of, which must be the first ones of the archive's.
    private func count(_ journal: [UInt8], _ what: String) throws -> Int {
        guard let file = try open(journal) else { return 0 }
        var found: [TableEntry] = []
        try file.forEachEntry(beneath: .root) { (entry) throws(StorageError) in
            found.append(entry)
            return true
        }
        #expect(found == Array(entries.prefix(found.count)), "\(what)")
        return found.count
    }

    @Test("as they were written, they tell of the first entries") func sound() throws {
        let found = try count(journal, "sound")
        #expect(found > 1 && JournalRecord.payloads(in: journal).count >= 3)
        #expect(InterruptedRun.origin(journal: journal)?.source == ArchiveFixture.origin.source)
    }

    @Test("a flipped bit or a cut anywhere: what is before still counts, nothing else does") func damaged() throws {
        let whole = try count(journal, "sound")
        let step = max(1, journal.count / 300)
        for position in Array(0..<min(80, journal.count)) + Array(stride(from: 80, to: journal.count, by: step)) {
            var flipped = journal
            flipped[position] ^= 1 << UInt8(position % 8)
            #expect(try count(flipped, "bit of \(position)") <= whole)
            #expect(try count(Array(journal.prefix(position)), "cut at \(position)") <= whole)
        }
        // The record of the origin: without it, the notes are nobody's.
        var headless = journal
        headless[14] ^= 1
        #expect(try open(headless) == nil && InterruptedRun.origin(journal: headless) == nil)
    }

    @Test("notes of a newer form are nobody's, and no failure") func newer() throws {
        var payloads = JournalRecord.payloads(in: journal)
        payloads[0][0] = UInt8(JournalRecord.version + 1)
        let newer = payloads.flatMap { payload in
            var record = Array("HFJ1".utf8)
            record.appendLittleEndian(UInt64(payload.count))
            record += payload
            record.appendLittleEndian(XXH64.hash(payload))
            return record
        }
        #expect(JournalRecord.payloads(in: newer).count == payloads.count)
        #expect(try open(newer) == nil && InterruptedRun.origin(journal: newer) == nil)
        #expect(try open(Array("HFJ2".utf8) + journal.dropFirst(4)) == nil)
    }

    @Test("notes of another archive: no frame is taken whose bytes are others") func another() throws {
        let other = try TreeBuilder(place("other"))
        var generator = SeededGenerator(seed: 10)
        for file in 0..<3 { try other.file(Array("large\(file)".utf8), generator.bytes(5_000_000)) }
        let bytes = try ArchiveFixture.write(other.root, to: place("b"), level: 1).bytes
        let descriptor = SharedDescriptor(try Descriptor.openFile(atHostPath: place("b")))
        let file = try #require(try InterruptedRun.open(descriptor, journal: journal, name: "b"))
        let previous = try PreviousArchive(partial: file, nil)
        let root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: other.root))
        var options = TreeArchiver.Options(level: 1, threads: 2)
        options.reuse = try ArchiveReuse(
            previous, root: root.descriptor, originals: nil, startedAt: ArchiveFixture.origin.startedAt, rereadShare: 0)
        let sink = MemorySink()
        let outcome = try TreeArchiver.archive(
            root, to: sink, origin: ArchiveFixture.origin, options: options, checkpoint: Checkpoint())
        #expect(outcome.totals.reusedFrames == 0 && sink.bytes == bytes)
    }
}
