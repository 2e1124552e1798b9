import TestSupport
import Testing

/// Goal: what is called reclaimable is what the file system has more of afterwards, and what `prune --dry-run` says.
/// Method: stores on file systems of their own; `statfs` before and after each `prune`.
@Suite(
    "What df calls reclaimable",
    .enabled(
        if: Environment.isRoot && !CuttableDisk.formats.isEmpty, "file systems in files cannot be mounted here"))
struct DiskFreeIdentityTests {
    /// Free bytes once everything is on disk: blocks of deleted files come back when the journal is committed.
    private func freeBytes(_ path: String) throws -> Int {
        try Tool.script("sync -f \"$1\"; sleep 0.1; sync -f \"$1\"", path).check()
        let words = try Tool.run("stat", "-f", "-c", "%f %S", path).check().text.split(whereSeparator: \.isWhitespace)
        return try #require(Int(words[0])) * #require(Int(words[1]))
    }

    private func catalogBytes(_ fixture: DiskFreeFixture) throws -> Int {
        let lines = try Tool.script("du --block-size=1 \"$1\"/catalog.sqlite*", fixture.place + "/store").check().lines
        return lines.compactMap { Int($0.prefix { $0 != "\t" }) }.reduce(0, +)
    }

    /// Runs the command of a step, and compares what it frees with what `df` and its own `--dry-run` say.
    ///
    /// - Parameter toleranceBytes: what goes besides: directories that only hold others, and the file system's own.
    private func check(
        _ step: [String], _ fixture: DiskFreeFixture, _ group: String, toleranceBytes: Int,
        dryRun: (JSON) -> Int
    ) throws {
        let report = try fixture.df()
        let predicted = try #require(report[group]["reclaimableBytes"].integer)
        #expect(predicted > 0)
        let rehearsal = try JSON(parsing: fixture.holdfast.run(step + ["--dry-run", "--json"]).check().text)
        #expect(dryRun(rehearsal) == predicted, "\(step): the dry run says something else")
        let planned = report["plan"].elements.first { $0["command"] == "holdfast \(step.joined(separator: " "))" }
        #expect(planned?["reclaimableBytes"].integer == predicted)
        let before = try freeBytes(fixture.place) + catalogBytes(fixture)
        try fixture.holdfast.run(step).check()
        let freed = try freeBytes(fixture.place) + catalogBytes(fixture) - before
        #expect(abs(freed - predicted) <= toleranceBytes, "\(step): freed \(freed), predicted \(predicted)")
        #expect(try fixture.df()[group]["reclaimableBytes"].integer == 0)
    }

    @Test(
        "is what statfs says after pruning, to the block but for directories and inodes",
        arguments: CuttableDisk.formats)
    func identity(_ format: CuttableDisk.Format) throws {
        let folder = try TemporaryDirectory("identity")
        let disk = try CuttableDisk(try DiskImage(format, in: folder))
        let fixture = DiskFreeFixture(in: disk.path)
        try fixture.loadImages()
        for (name, image) in [("one", "b:1"), ("two", "d:1")] {
            try fixture.holdfast("container", "create", "--name", name, image).check()
        }
        let id = try JSON(parsing: fixture.holdfast("container", "inspect", "one").check().text)[0]["id"].text ?? ""
        var random = SeededGenerator(seed: 9)
        try TreeBuilder("\(fixture.place)/store/containers/\(id)/upper").file(Array("new".utf8), random.bytes(654_321))
        try fixture.holdfast("container", "mount", "two").check()
        for number in 0..<3 {
            let volume = try fixture.makeVolume("v\(number)")
            for file in 0..<20 { try volume.file(Array("f\(file)".utf8), random.bytes(1 + file * 3000)) }
            try volume.hardLink("again", to: "f19")
            try volume.sparseFile(Array("sparse".utf8), sizeBytes: 1 << 28, pieces: [(1 << 20, random.bytes(5000))])
        }
        try fixture.holdfast("volume", "protect", "v2").check()
        // ext4 gives back every block. XFS gives back chunks of 64 inodes too, which no file's blocks contain, and it takes back
        // what it had allocated ahead of files' ends.
        let slack = format == .ext4 ? 4096 : 64 << 10
        try check(["container", "prune"], fixture, "containers", toleranceBytes: slack) {
            $0.elements.reduce(0) { $0 + ($1["reclaimedBytes"].integer ?? 0) }
        }
        try check(["image", "prune", "--all"], fixture, "images", toleranceBytes: slack) {
            $0["reclaimedBytes"].integer ?? 0
        }
        // Each volume has a directory around its data, which is not its size.
        try check(["volume", "prune", "--all"], fixture, "volumes", toleranceBytes: slack + 2 * 4096) {
            $0["reclaimedBytes"].integer ?? 0
        }
        try fixture.holdfast("container", "unmount", "two").check()
        withExtendedLifetime(disk) {}
    }

    @Test("one image removed alone frees what df -v says of it", arguments: CuttableDisk.formats.prefix(1))
    func alone(_ format: CuttableDisk.Format) throws {
        let folder = try TemporaryDirectory("alone")
        let disk = try CuttableDisk(try DiskImage(format, in: folder))
        let fixture = DiskFreeFixture(in: disk.path)
        try fixture.loadImages()
        // The first leaves its layers to c, which then frees them; the base goes with b.
        for name in ["a:1", "c:1", "b:1", "d:1"] {
            let image = try fixture.item(name, try fixture.df()["images"])
            let predicted = try #require(image["reclaimableBytes"].integer)
            let before = try freeBytes(fixture.place) + catalogBytes(fixture)
            try fixture.holdfast("image", "rm", name).check()
            let freed = try freeBytes(fixture.place) + catalogBytes(fixture) - before
            #expect(abs(freed - predicted) <= 4096, "\(name): freed \(freed), predicted \(predicted)")
        }
        withExtendedLifetime(disk) {}
    }

    @Test("everything on the file system is known, but for its own metadata and what is beside the store")
    func accounted() throws {
        let folder = try TemporaryDirectory("accounted")
        let disk = try CuttableDisk(try DiskImage(.ext4, in: folder))
        let fixture = DiskFreeFixture(in: disk.path)
        try Tool.run("sync", "-f", disk.path).check()
        let words = try Tool.run("stat", "-f", "-c", "%b %f %a %S", disk.path).check().text
            .split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        let empty = (words[0] - words[1]) * words[3]
        try fixture.loadImages()
        try fixture.makeVolume("v").file("f", String(repeating: "x", count: 3 << 20))
        try TreeBuilder(disk.path).file("beside", String(repeating: "y", count: 1 << 20))
        try Tool.run("sync", "-f", disk.path).check()
        let report = try fixture.df()
        let other = try #require(report["unaccounted"]["otherBytes"].integer)
        #expect(abs(other - empty - (1 << 20)) <= 16 << 10, "\(other) besides the store, \(empty) when it was empty")
        #expect(report["unaccounted"]["reservedBytes"].integer == (words[1] - words[2]) * words[3])
        let share = report["fileSystem"]
        let parts = [share["knownBytes"], report["unaccountedBytes"]].compactMap(\.integer).reduce(0, +)
        #expect(parts == share["usedBytes"].integer)
        withExtendedLifetime(disk) {}
    }
}
