import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: marks tell slices apart, and nothing goes wrong where there are none, or others. Method: the specification's own value;
/// archives with and without a key, made from one another, compared with what a full backup makes.
@Suite("Marks of slices") struct SliceMarkTests {
    private let place: TemporaryDirectory
    private let data: TreeBuilder
    private let key = SliceKey((1...16).map { UInt8($0) })
    private static let sizeBytes = 21_000_000

    init() throws {
        place = try TemporaryDirectory("marks")
        data = try TreeBuilder(place("tree"))
        var generator = SeededGenerator(seed: 11)
        try data.file([UInt8]("large"), generator.bytes(Self.sizeBytes))
        try data.file([UInt8]("same"), generator.bytes(5_000_000))
    }

    /// - Parameter others: the key that the table names in the end.
    private func archive(
        _ name: String, _ key: SliceKey?, from previous: String? = nil, rereads share: Double = 0,
        named others: SliceKey? = nil
    ) throws -> (file: ArchiveFile, outcome: TreeArchiver.Outcome) {
        let root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: data.root))
        var options = TreeArchiver.Options(level: 1, threads: 2)
        var origin = ArchiveFixture.origin
        // What was just written counts as old.
        origin.startedAt = Timestamp(seconds: 4_000_000_000)
        if let previous {
            let file = try #require(try ArchiveFixture.open(place(previous)))
            let archive = try PreviousArchive(file)
            options.reuse = try ArchiveReuse(
                archive, root: root.descriptor, startedAt: origin.startedAt, rereadShare: share)
        }
        origin.sliceKey = key
        let sink = MemorySink()
        let outcome = try TreeArchiver.archive(
            root, to: sink, origin: origin, options: options, checkpoint: Checkpoint()
        ) { _ in
        } seal: {
            if let others { $0.sliceKey = others }
        }
        try ArchiveFixture.store(sink.bytes, at: place(name))
        return (try #require(try ArchiveFixture.open(place(name))), outcome)
    }

    private func marks(_ file: ArchiveFile) throws -> [SliceMark?] {
        try file.frames(0..<file.index.frames).filter { $0.record.kind == .payload }.map(\.record.mark)
    }

    /// The same frames, whatever their marks.
    private func expectSame(_ file: ArchiveFile, _ full: ArchiveFile) throws {
        let (one, other) = (try file.frames(0..<file.index.frames), try full.frames(0..<full.index.frames))
        #expect(one.map { $0.record.unmarked() } == other.map { $0.record.unmarked() })
    }

    private func change(at offset: Int) throws {
        try Tool.run(
            "dd", "of=" + data.root + "/large", "bs=1", "count=3", "seek=\(offset)", "conv=notrunc", "status=none",
            input: .bytes(Array("new".utf8))
        ).check()
    }

    @Test("the mark of nothing under a key of zeros is test case 1 of the GCM specification") func specification()
        throws
    {
        let zeros = try #require(SliceKey([UInt8](repeating: 0, count: 16)))
        let marker = try #require(SliceMarker(zeros))
        let mark = marker.mark(of: UnsafeRawBufferPointer(start: nil, count: 0))
        let tag: [UInt8] = [
            0x58, 0xe2, 0xfc, 0xce, 0xfa, 0x7e, 0x30, 0x61, 0x36, 0x7f, 0x1d, 0x57, 0xa4, 0xe7, 0x45, 0x5a,
        ]
        #expect(mark?.bytes == tag)
    }

    @Test("one bit of a slice, its length, or the key make another mark") func difference() throws {
        let (key, otherKey) = (try #require(key), try #require(SliceKey.random()))
        let (marker, other) = (try #require(SliceMarker(key)), try #require(SliceMarker(otherKey)))
        func mark(_ bytes: [UInt8], _ marker: SliceMarker) -> SliceMark? {
            bytes.withUnsafeBytes { marker.mark(of: $0) }
        }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let whole = mark(bytes, marker)
        #expect(whole != nil && whole != mark(bytes, other) && whole != mark(Array(bytes.dropLast()), marker))
        for bit in stride(from: 0, to: bytes.count * 8, by: 2_796_203) {
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(mark(bytes, marker) != whole, "bit \(bit)")
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        #expect(mark(bytes, marker) == whole)
    }

    @Test(
        "a slice that changed is made anew, the others are taken, and marks are never another's: with, without, another key",
        arguments: [(true, true), (false, true), (true, false), (false, false)])
    func reuse(hadMarks: Bool, hasMarks: Bool) throws {
        _ = try archive("first", hadMarks ? key : nil)
        try change(at: 9_000_000)
        let keys = hasMarks ? [key, SliceKey.random()] : [nil]
        for key in keys {
            let (file, outcome) = try archive("second", key, from: "first")
            let (full, _) = try archive("full", key)
            // Of the root, the header, six slices, another header, two slices and the end: the first header has another time,
            // one slice another content.
            #expect(outcome.totals.reusedFrames == 10)
            try expectSame(file, full)
            #expect(try ArchiveFixture.verify(place("second"))?.findings == [])
            // The file that did not change was not read: it has the marks that it had, under the same key.
            let isSameKey = hadMarks && key == self.key
            #expect(try marks(file).count { $0 != nil } == (hasMarks ? isSameKey ? 8 : 6 : 0))
        }
    }

    @Test("a mark proves no archive: what is to be compared is hashed, and rot is found") func rot() throws {
        let (first, _) = try archive("first", key)
        let slices = try first.frames(0..<first.index.frames).filter { $0.record.kind == .payload }
        let slice = slices[5]
        try Tool.run(
            "dd", "of=" + place("first"), "bs=1", "count=3", "seek=\(slice.offset + 1000)", "conv=notrunc",
            "status=none",
            input: .bytes(Array("rot".utf8))
        ).check()
        try change(at: 0)
        let (file, outcome) = try archive("second", key, from: "first", rereads: 1)
        #expect(outcome.totals.reusedFrames == 9)
        #expect(try ArchiveFixture.verify(place("second"))?.findings == [])
        try expectSame(file, try archive("full", key).file)
    }

    @Test("verify finds marks that are not those of the content") func verification() throws {
        _ = try archive("other", key, named: SliceKey.random())
        let findings = try #require(try ArchiveFixture.verify(place("other"))?.findings)
        #expect(findings.count == 8 && findings.allSatisfy { $0.contains("another mark") })
    }

    @Test(
        "a file that grew or became shorter keeps the slices that are whole",
        arguments: [16_777_216, 20_000_000, 25_000_000])
    func length(_ sizeBytes: Int) throws {
        _ = try archive("first", key)
        try Tool.run("truncate", "-s", "\(sizeBytes)", data.root + "/large").check()
        let (file, outcome) = try archive("second", key, from: "first")
        let (full, _) = try archive("full", key)
        let whole = min(Self.sizeBytes, sizeBytes) / (4 << 20)
        // The end of the archive has other padding where the length has.
        #expect(outcome.totals.reusedFrames >= UInt64(whole))
        try expectSame(file, full)
        #expect(try ArchiveFixture.verify(place("second"))?.findings == [])
    }

    @Test("a table whose key is of another length is none") func badKey() throws {
        for length in 1...40 where length != 16 {
            var encoder = TableEncoder()
            encoder.append(string: [UInt8](repeating: 7, count: length))
            var decoder = TableDecoder(encoder.bytes)
            var origin = ArchiveFixture.origin
            #expect(throws: TableFault.self) { try origin.decodeSliceKey(from: &decoder) }
        }
    }
}
