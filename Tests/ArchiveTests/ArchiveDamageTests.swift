import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: no byte of an archive can change, and no end be cut off, without being noticed; nothing crashes.
/// Method: flip bytes everywhere in a small archive, cut it at every length of interest, exchange parts of the table.
@Suite("Damaged archives") struct ArchiveDamageTests {
    static func makeArchive(_ place: TemporaryDirectory) throws -> [UInt8] {
        let tree = try place.makeDirectory("tree")
        let builder = try TreeBuilder(tree)
        var generator = SeededGenerator(seed: 41)
        try builder.directory("d")
        try builder.file([UInt8]("d/text"), Array(String(repeating: "some text ", count: 300).utf8))
        try builder.file([UInt8]("large"), generator.bytes(1_100_000))
        try builder.file([UInt8]("noise"), generator.bytes(2_000))
        try builder.symbolicLink("link", to: "d/text")
        return try ArchiveFixture.write(tree, to: place("a.tar.zst")).bytes
    }

    /// What verification says of bytes: `nil` if it finds them whole.
    static func complaint(_ bytes: [UInt8], _ place: TemporaryDirectory) throws -> String? {
        let path = place("changed.tar.zst")
        try ArchiveFixture.store(bytes, at: path)
        do {
            guard let outcome = try ArchiveFixture.verify(path) else { return "no table" }
            return outcome.findings.first
        } catch let error as StorageError {
            return error.message
        }
    }

    @Test("a flipped bit is found wherever it is") func flippedBits() throws {
        let place = try TemporaryDirectory("flips")
        let whole = try Self.makeArchive(place)
        #expect(try Self.complaint(whole, place) == nil)
        var generator = SeededGenerator(seed: 42)
        // Every byte of headers, table, footer and seek table would take long; all of the tail and a sample of the rest.
        let file = try #require(try ArchiveFixture.open(place("a.tar.zst")))
        let tail = Int(file.footer.dataEndOffset)..<whole.count
        let sample = (0..<120).map { _ in Int.random(in: 0..<tail.lowerBound, using: &generator) } + Array(0..<24)
        for position in sample + Array(tail) {
            var bytes = whole
            bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            #expect(try Self.complaint(bytes, place) != nil, "byte \(position) of \(whole.count)")
        }
    }

    @Test("a cut is found wherever it is, and what is before can be extracted") func cuts() throws {
        let place = try TemporaryDirectory("cuts")
        let whole = try Self.makeArchive(place)
        let file = try #require(try ArchiveFixture.open(place("a.tar.zst")))
        let dataEnd = Int(file.footer.dataEndOffset)
        var generator = SeededGenerator(seed: 43)
        let lengths =
            (0..<40).map { _ in Int.random(in: 1..<whole.count, using: &generator) } + [
                1, 4, 17, dataEnd - 1, whole.count - 1,
            ]
        for length in lengths where length != dataEnd {
            let path = place("cut.tar.zst")
            try ArchiveFixture.store(Array(whole.prefix(length)), at: path)
            var opened: ArchiveFile?
            do { opened = try ArchiveFixture.open(path) } catch is StorageError {}
            #expect(opened == nil, "cut at \(length)")
            let target = try place.makeDirectory("out-\(length)")
            #expect(throws: StorageError.self, "cut at \(length)") {
                let outcome = try ArchiveFixture.extract(path, to: target)
                if !outcome.isComplete { throw StorageError(.truncated, "incomplete") }
            }
        }
        // Behind the last data frame it is a whole tar stream without a table.
        try ArchiveFixture.store(Array(whole.prefix(dataEnd)), at: place("no-table.tar.zst"))
        #expect(try ArchiveFixture.open(place("no-table.tar.zst")) == nil)
        let outcome = try ArchiveFixture.extract(place("no-table.tar.zst"), to: try place.makeDirectory("out"))
        #expect(outcome.isComplete)
    }

    @Test("a table that lies about an entry is not believed") func lyingTable() throws {
        let place = try TemporaryDirectory("lies")
        _ = try Self.makeArchive(place)
        let file = try #require(try ArchiveFixture.open(place("a.tar.zst")))
        let entry = try #require(try file.entry(at: EntryPath(trusted: [UInt8]("d/text"))))
        var lie = entry
        lie.metadata.mode = 0o4755
        var reader = TarReader(try SelectedFeed(file, entries: [lie]), limits: ArchiveLimits())
        let header = try #require(try reader.nextEntry())
        #expect(TableEntry(header).agrees(with: entry))
        #expect(!TableEntry(header).agrees(with: lie))
    }

    @Test("garbage is refused, never a crash", arguments: 0..<60) func garbage(_ seed: Int) throws {
        let place = try TemporaryDirectory("garbage")
        var generator = SeededGenerator(seed: UInt64(seed))
        var bytes = generator.bytes(Int.random(in: 0..<3000, using: &generator))
        switch seed % 4 {
        case 1: bytes = [0x28, 0xb5, 0x2f, 0xfd] + bytes
        case 2: bytes = [0x57, 0x2a, 0x4d, 0x18] + bytes
        case 3: bytes = [0x1f, 0x8b, 8, 0] + bytes
        default: break
        }
        try ArchiveFixture.store(bytes, at: place("bad"))
        let target = try place.makeDirectory("out")
        #expect(throws: StorageError.self) {
            let outcome = try ArchiveFixture.extract(place("bad"), to: target)
            if !outcome.isComplete { throw StorageError(.truncated, "incomplete") }
        }
    }

    @Test("a bomb is stopped by the limits") func bomb() throws {
        let place = try TemporaryDirectory("bomb")
        let made = try Tool.script("head -c 300000000 /dev/zero | zstd -q -3 > \"$1\"", place("bomb.zst"))
        #expect(made.status == 0)
        var limits = ArchiveLimits()
        limits.totalBytes = 10 << 20
        let feed = try TarFeed(
            SharedDescriptor(try Descriptor.openFile(atHostPath: place("bomb.zst"))), name: "bomb", threads: 2,
            limits: limits,
            interruption: Interruption())
        defer { feed.finish() }
        let error = #expect(throws: StorageError.self) { while try feed.nextChunk() != nil {} }
        #expect(error?.code == .limitExceeded)
    }
}
