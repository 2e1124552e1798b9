import FileTree
import StorageModel
import TestSupport
import Testing

@testable import Archive

/// Goal: what goes into an archive comes out of it, by Holdfast and by every other tool.
/// Method: seeded random trees; fingerprints of the trees; `zstd`, `tar` and `bsdtar` as oracles.
@Suite("Archives of random trees") struct ArchiveRoundTripTests {
    @Test("come back whole", arguments: [UInt64(1), 2, 3, 4, 5, 6]) func roundTrip(seed: UInt64) throws {
        let place = try TemporaryDirectory("round-trip")
        let tree = try place.makeDirectory("tree")
        try TreeBuilder(tree).fill(seed: seed)
        let written = try ArchiveFixture.write(tree, to: place("a.tar.zst"))
        let target = try place.makeDirectory("out")
        let outcome = try ArchiveFixture.extract(place("a.tar.zst"), to: target)
        #expect(outcome.isComplete && outcome.entries == written.outcome.totals.entries)
        let difference = try TreeFingerprint(target, .comparingHoles).difference(
            from: try TreeFingerprint(tree, .comparingHoles))
        #expect(difference.isEmpty, "seed \(seed): \(difference.prefix(10))")
        let verified = try #require(try ArchiveFixture.verify(place("a.tar.zst")))
        #expect(verified.findings == [] && verified.validBytes == UInt64(written.bytes.count))
    }

    @Test("are accepted by zstd, tar and bsdtar", arguments: [UInt64(11), 12]) func otherTools(seed: UInt64) throws {
        let place = try TemporaryDirectory("other-tools")
        let tree = try place.makeDirectory("tree")
        // libarchive 3.6 reads the fraction of a negative time with the wrong sign.
        try TreeBuilder(tree).fill(seed: seed, RandomTreeOptions(hasNegativeTimes: false))
        try ArchiveFixture.write(tree, to: place("a.tar.zst"))
        #expect(try Tool.run("zstd", "-tq", place("a.tar.zst")).status == 0)
        let byTar = try place.makeDirectory("tar")
        let tar = try Tool.run(
            "tar", "--zstd", "-xpf", place("a.tar.zst"), "-C", byTar, "--xattrs", "--xattrs-include=*", "--acls",
            "--numeric-owner")
        #expect(tar.status == 0, "\(tar)")
        let expected = try TreeFingerprint(tree)
        let tarDifference = try TreeFingerprint(byTar).difference(from: expected)
        #expect(tarDifference.isEmpty, "seed \(seed): \(tarDifference.prefix(10))")
        let byBsdtar = try place.makeDirectory("bsdtar")
        let bsdtar = try Tool.run("bsdtar", "-xpf", place("a.tar.zst"), "-C", byBsdtar, "--numeric-owner")
        #expect(bsdtar.status == 0, "\(bsdtar)")
        // bsdtar 3.6 does not restore every attribute of directories and links, nor the times of the root.
        let options: TreeFingerprint.Options = [.ignoringAttributes, .ignoringRoot]
        let difference = try TreeFingerprint(byBsdtar, options).difference(from: try TreeFingerprint(tree, options))
        #expect(difference.isEmpty, "seed \(seed): \(difference.prefix(10))")
    }

    @Test("are the same bytes each time, whatever the number of threads") func determinism() throws {
        let place = try TemporaryDirectory("determinism")
        let tree = try place.makeDirectory("tree")
        try TreeBuilder(tree).fill(seed: 21, RandomTreeOptions(entries: 200, largestFileBytes: 3_000_000))
        let first = try ArchiveFixture.write(tree, to: place("a.tar.zst"), threads: 1)
        let second = try ArchiveFixture.write(tree, to: place("b.tar.zst"), threads: 4)
        #expect(first.bytes == second.bytes)
        #expect(first.outcome.totals.tableDigest == second.outcome.totals.tableDigest)
    }

    @Test("hold large files in frames of their own, aligned, and holes as holes") func largeFiles() throws {
        let place = try TemporaryDirectory("large")
        let tree = try place.makeDirectory("tree")
        let builder = try TreeBuilder(tree)
        var generator = SeededGenerator(seed: 31)
        try builder.file([UInt8]("a-random"), generator.bytes(9_000_001))
        try builder.file([UInt8]("b-exact"), generator.bytes(4 << 20))
        try builder.file([UInt8]("c-edge"), generator.bytes(1 << 20))
        try builder.file([UInt8]("d-below"), generator.bytes((1 << 20) - 1))
        try builder.sparseFile(
            [UInt8]("e-sparse"), sizeBytes: 12_000_000,
            pieces: [(8192, generator.bytes(3_000_000)), (10_000_000, generator.bytes(70_000))])
        try builder.sparseFile([UInt8]("f-hole"), sizeBytes: 20 << 20, pieces: [])
        try ArchiveFixture.write(tree, to: place("a.tar.zst"))
        let file = try #require(try ArchiveFixture.open(place("a.tar.zst")))
        let frames = try file.frames(0..<file.index.frames)
        #expect(frames.contains { $0.record.kind == .payload })
        for frame in frames where frame.record.compressedBytes >= 64 << 10 { #expect(frame.offset % 4096 == 0) }
        let target = try place.makeDirectory("out")
        try ArchiveFixture.extract(place("a.tar.zst"), to: target)
        let difference = try TreeFingerprint(target, .comparingHoles).difference(
            from: try TreeFingerprint(tree, .comparingHoles))
        #expect(difference.isEmpty, "\(difference)")
        #expect(try ArchiveFixture.verify(place("a.tar.zst"))?.findings == [])
    }

    @Test("list by the table what the stream holds, and find each entry") func table() throws {
        let place = try TemporaryDirectory("table")
        let tree = try place.makeDirectory("tree")
        let builder = try TreeBuilder(tree)
        for directory in 0..<50 {
            try builder.directory("d\(directory)")
            for file in 0..<100 { try builder.file("d\(directory)/f\(file)", "\(directory * file)") }
        }
        try ArchiveFixture.write(tree, to: place("a.tar.zst"))
        let file = try #require(try ArchiveFixture.open(place("a.tar.zst")))
        #expect(file.index.entries == 5051 && file.index.origin == ArchiveFixture.origin)
        var listed: [EntryPath] = []
        try file.forEachEntry(beneath: .root) { (entry) throws(StorageError) in
            listed.append(entry.path)
            return true
        }
        let streamed = try Tool.script("zstd -dcq \"$1\" | tar -tf -", place("a.tar.zst"))
        let names = streamed.output.split(separator: UInt8(ascii: "\n")).compactMap { EntryPath(parsing: $0) }
        #expect(listed == names && listed == listed.sorted())
        for path in stride(from: 0, to: listed.count, by: 97).map({ listed[$0] }) {
            #expect(try file.entry(at: path)?.path == path)
        }
        #expect(try file.entry(at: EntryPath(trusted: [UInt8]("d1/none"))) == nil)
        #expect(try file.entry(at: EntryPath(trusted: [UInt8]("zzz"))) == nil)
        var below = 0
        try file.forEachEntry(beneath: EntryPath(trusted: [UInt8]("d49"))) { (_) throws(StorageError) in
            below += 1
            return true
        }
        #expect(below == 101)
    }

    @Test(
        "of other tools are extracted",
        arguments: [
            ("tar -cf - .", "tar"), ("tar --format=gnu -cSf - .", "tar"),
            ("tar --format=pax --sparse-version=0.1 -cSf - .", "tar"),
            ("tar --format=pax --sparse-version=0.0 -cSf - .", "tar"),
            ("tar --format=pax --sparse-version=1.0 -cSf - .", "tar"),
            ("tar --format=v7 -cf - small", "tar"), ("bsdtar -cf - .", "tar"), ("tar -cf - . | gzip", "gz"),
            ("tar -cf - . | bzip2", "bz2"),
            ("tar -cf - . | xz -0", "xz"), ("tar -cf - . | zstd -q", "zst"),
            ("tar -cf - . | zstd -q --no-check --long=24 -T0", "zst"),
            ("tar -cf - . | lz4 -q", "lz4"),
        ]) func foreign(_ command: String, _ suffix: String) throws
    {
        let place = try TemporaryDirectory("foreign")
        let tree = try place.makeDirectory("tree")
        let builder = try TreeBuilder(tree)
        try builder.directory("small")
        try builder.file("small/file", "content")
        try builder.symbolicLink("small/link", to: "file")
        if !command.contains("v7") {
            try builder.hardLink("small/hard", to: "small/file")
            try builder.file([UInt8](String(repeating: "long", count: 50)), [1, 2, 3])
            try builder.sparseFile(
                [UInt8]("sparse"), sizeBytes: 3_000_000, pieces: [(1_000_000, [1]), (2_500_000, [2])])
            try builder.file([UInt8]("large"), [UInt8](repeating: 9, count: 2_500_000))
        }
        let archive = place("a.\(suffix)")
        #expect(try Tool.script("\(command) > \"$1\"", archive, in: tree).status == 0)
        let target = try place.makeDirectory("out")
        let outcome = try ArchiveFixture.extract(archive, to: target)
        #expect(outcome.isComplete)
        let options: TreeFingerprint.Options = [.ignoringRoot, .ignoringTimes]
        let difference = try TreeFingerprint(target, options).difference(from: try TreeFingerprint(tree, options))
        #expect(difference.isEmpty, "\(command): \(difference)")
    }
}
