import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: a copy is indistinguishable from its source. Method: random trees, compared with the source and with `cp -a`.
@Suite("Copying trees") struct CopyTests {
    private func copy(
        _ place: Place, _ from: String, _ to: String, ownership: Bool = Environment.isRoot
    ) throws -> TreeCopy.Report {
        try place.descriptor.descriptor.makeDirectory(name(to))
        return try TreeCopy.copy(
            try place.descriptor.descriptor.openDirectory(name(from)),
            to: try place.descriptor.descriptor.openDirectory(name(to)), ownership: ownership, checkpoint: Checkpoint())
    }

    @Test("A copy equals its source and what cp -a makes of it", arguments: Array(100..<108) as [UInt64])
    func equalsSource(_ seed: UInt64) throws {
        let place = try Place()
        try place.builder("source").fill(seed: seed, RandomTreeOptions(entries: 160))
        let report = try copy(place, "source", "copy")
        #expect(report.skipped.isEmpty && report.changed.isEmpty)
        try Tool.run("cp", "-a", place.directory("source"), place.directory("oracle")).check()
        let wanted = try TreeFingerprint(place.directory("source"))
        #expect(try TreeFingerprint(place.directory("copy")).difference(from: wanted).isEmpty)
        #expect(try TreeFingerprint(place.directory("oracle")).difference(from: wanted).isEmpty)
        let lists = try ["source", "copy"].map {
            try Tool.script("cd \"$1\"; getfacl -R -n . | sort; getcap -r . | sort", place.directory($0)).check().text
        }
        #expect(lists[0] == lists[1])
        let sizes = try ["source", "copy"].map { directory in
            try UsageScan.totals(of: try place.descriptor.descriptor.openDirectory(name(directory)), threads: 2)
        }
        #expect(sizes[0].apparentBytes == sizes[1].apparentBytes && sizes[0].files == sizes[1].files)
        // Holes are kept: a copy never takes noticeably more than its source.
        #expect(sizes[1].allocatedBytes <= sizes[0].allocatedBytes + 65_536)
    }

    @Test("Large and sparse files are copied by every method")
    func copiesContent() throws {
        let place = try Place()
        let tree = try place.builder("source")
        var generator = SeededGenerator(seed: 9)
        let edge = 1 << 20
        for size in [0, 1, 4095, 4096, 65_535, 65_536, 65_537, edge - 1, edge, edge + 1, 5_000_001] {
            try tree.file(name("f\(size)"), generator.bytes(size))
        }
        let pieces = (0..<50).map { (offset: $0 * 1_000_000, content: generator.bytes(100)) }
        try tree.sparseFile(name("sparse"), sizeBytes: 64_000_000, pieces: pieces)
        let report = try copy(place, "source", "copy")
        #expect(report.entries == 13)
        try Tool.run("diff", "-r", place.directory("source"), place.directory("copy")).check()
        let blocks = try ["source", "copy"].map {
            try Tool.run("stat", "-c", "%b", place.directory("\($0)/sparse")).check().text
        }
        #expect(blocks[0] == blocks[1])
    }

    @Test("Sockets and unreadable files are reported, the rest is copied", .enabled(if: Environment.isRoot))
    func reportsWhatItSkips() throws {
        let place = try Place()
        try Tool.script(
            """
            cd "$1"; mkdir source; echo a > source/open; echo b > source/secret; chmod 0600 source/secret
            ln source/secret source/secret-too; mkdir source/closed; touch source/closed/x; chmod 0700 source/closed
            perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "source/socket", Listen => 1) or die'
            mkdir copy; chown 4242:4242 . copy source
            """, place.directory.path
        ).check()
        var report = TreeCopy.Report()
        let failure = Place.asUser(4242) { () throws(FileError) in
            let source = try place.descriptor.descriptor.openDirectory(name("source"))
            let target = try place.descriptor.descriptor.openDirectory(name("copy"))
            do throws(StorageError) {
                report = try TreeCopy.copy(source, to: target, ownership: false, checkpoint: Checkpoint())
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(failure == nil)
        #expect(Set(report.skipped.map { $0.path.description }) == ["closed", "secret", "secret-too", "socket"])
        #expect(try Tool.run("ls", place.directory("copy")).text == "closed\nopen\n")
    }

    @Test("Interruption ends a copy")
    func isInterruptible() throws {
        let place = try Place()
        try place.builder("source").fill(seed: 1, RandomTreeOptions(entries: 40))
        try place.descriptor.descriptor.makeDirectory(name("copy"))
        let interruption = Interruption()
        interruption.request()
        let source = try place.descriptor.descriptor.openDirectory(name("source"))
        let target = try place.descriptor.descriptor.openDirectory(name("copy"))
        do throws(StorageError) {
            _ = try TreeCopy.copy(
                source, to: target, ownership: true, checkpoint: Checkpoint(interruption: interruption))
            Issue.record("the copy went on")
        } catch {
            #expect(error.code == .interrupted)
        }
    }
}
