import TestSupport
import Testing

/// Goal: of a volume that is a subvolume of btrfs, `df` says what the file system itself counts, as long as that is right, and
/// else what a walk finds. Method: a store on a real btrfs; `btrfs qgroup show` and `du` as oracles.
@Suite(
    "df and the accounts of subvolumes",
    .enabled(if: ReflinkDisk.formats.contains("btrfs") && Tool.exists("btrfs"), "btrfs cannot be mounted"))
struct SubvolumeAccountTests {
    private let folder: TemporaryDirectory
    private let disk: ReflinkDisk
    private let fixture: DiskFreeFixture

    init() throws {
        folder = try TemporaryDirectory("qgroup")
        disk = try ReflinkDisk("btrfs", in: folder)
        fixture = DiskFreeFixture(in: disk.path)
        try Tool.run("btrfs", "quota", "enable", disk.path).check()
        // Two volumes with the same files, one of them a subvolume: 12 MB as du counts, 6 MB and a little on disk.
        for name in ["plain", "sub"] {
            let root = try fixture.makeVolume(name).root
            if name == "sub" { try Tool.script("rmdir \"$1\"; btrfs subvolume create \"$1\"", root).check() }
            try Tool.script(
                """
                cd "$1"; head -c 6000000 /dev/urandom > a; cp --reflink=always a b; head -c 1000 /dev/urandom > inline
                mkdir d; head -c 9000 /dev/urandom > d/c
                """, root
            ).check()
        }
    }

    /// What `btrfs qgroup show` says of a subvolume, by its path below the disk.
    private func group(_ path: String) throws -> (referenced: Int, exclusive: Int) {
        let id = try Tool.run("btrfs", "inspect-internal", "rootid", path).check().lines[0]
        let lines = try Tool.run("btrfs", "qgroup", "show", "--raw", "--sync", disk.path).check().lines
        let words = try #require(lines.map { $0.split(separator: " ") }.first { $0.first == "0/\(id)" })
        return (try #require(Int(words[1])), try #require(Int(words[2])))
    }

    private var data: String { fixture.mountpoint("sub") }

    @Test("a subvolume is what its group says, with what was written a moment ago; a directory is walked")
    func measured() throws {
        let volumes = try fixture.df()["volumes"]
        let (sub, plain) = (try fixture.item("sub", volumes), try fixture.item("plain", volumes))
        let expected = try group(data)
        #expect(sub["method"] == "qgroup" && plain["method"] == "walk")
        #expect(sub["allocatedBytes"].integer == expected.referenced && sub["sizeBytes"].integer == expected.referenced)
        #expect(sub["exclusiveBytes"].integer == expected.exclusive && plain["exclusiveBytes"].isNull)
        #expect(sub["files"].isNull && sub["apparentBytes"].isNull && sub["errors"].integer == 0)
        #expect(try plain["allocatedBytes"].integer == fixture.du(fixture.mountpoint("plain")))
        #expect(expected.referenced < 7_000_000 && expected.referenced > 6_000_000)
        // What other commands say is what it always was: the count of du.
        let usage = try JSON(parsing: fixture.holdfast("usage", "sub", "--json").check().text)[0]
        #expect(try usage["allocatedBytes"].integer == fixture.du(data) && usage["files"].integer == 4)
        try TreeBuilder(data).file("late", String(repeating: "x", count: 3_000_000))
        let late = try fixture.item("sub", try fixture.df()["volumes"])["allocatedBytes"].integer
        #expect(try #require(late) >= expected.referenced + 3_000_000 && late == group(data).referenced)
        #expect(try fixture.holdfast("df", "-v").check().text.contains("sub"))
    }

    @Test("what a snapshot has too is not reclaimable; the rest is what statfs gains, and the volume can be removed")
    func reclaimable() throws {
        try fixture.holdfast("volume", "protect", "plain").check()
        try Tool.run("btrfs", "subvolume", "snapshot", data, disk.path + "/snapshot").check()
        var random = SeededGenerator(seed: 3)
        try TreeBuilder(data).file(Array("own".utf8), random.bytes(8_000_000))
        let report = try fixture.df()
        let expected = try group(data)
        #expect(report["volumes"]["reclaimableBytes"].integer == expected.exclusive)
        #expect(expected.exclusive >= 8_000_000 && expected.exclusive < 9_000_000)
        let step = report["plan"].elements.first { $0["command"] == "holdfast volume prune --all" }
        #expect(step?["reclaimableBytes"].integer == expected.exclusive)
        let rehearsal = try fixture.holdfast("volume", "prune", "--all", "--dry-run", "--json").check().text
        #expect(try JSON(parsing: rehearsal)["reclaimedBytes"].integer == expected.exclusive)
        let before = try disk.usedKiB()
        try fixture.holdfast("volume", "prune", "--all").check()
        try Tool.run("btrfs", "subvolume", "sync", disk.path).check()
        // Trees of metadata grow and shrink meanwhile by some nodes of 16 KiB.
        #expect(try abs(before - disk.usedKiB() - expected.exclusive / 1024) < 1024)
        #expect(try fixture.holdfast("volume", "ls", "-q").check().lines == ["plain"])
        #expect(try Tool.run("ls", "-A", disk.path + "/store/trash").check().lines.isEmpty)
        #expect(try Tool.run("btrfs", "subvolume", "list", disk.path).check().lines.count == 1)
    }

    @Test("accounts that are not right, or not there, are not believed")
    func distrusted() throws {
        func method() throws -> String? { try fixture.item("sub", try fixture.df()["volumes"])["method"].text }
        #expect(try method() == "qgroup")
        // Of a subvolume that shares extents the kernel cannot tell by itself what a group of groups takes.
        try Tool.run("btrfs", "subvolume", "snapshot", data, disk.path + "/snapshot").check()
        try Tool.script(
            "sync -f \"$1\"; btrfs qgroup create 1/1 \"$1\"; btrfs qgroup assign --no-rescan \"0/$2\" 1/1 \"$1\" 2>&1",
            disk.path,
            try Tool.run("btrfs", "inspect-internal", "rootid", data).check().lines[0]
        ).check()
        try #require(
            try Tool.run("btrfs", "qgroup", "show", "--sync", disk.path).errorText.contains("inconsistent"),
            "the kernel has not lost count")
        #expect(try method() == "walk")
        let walked = try fixture.item("sub", try fixture.df()["volumes"])["allocatedBytes"].integer
        #expect(try walked == fixture.du(data))
        try Tool.run("btrfs", "quota", "rescan", "-w", disk.path).check()
        #expect(try method() == "qgroup")
        try Tool.run("mount", "-o", "remount,ro", disk.path).check()
        #expect(try method() == "walk")
        try Tool.run("mount", "-o", "remount,rw", disk.path).check()
        try Tool.run("btrfs", "quota", "disable", disk.path).check()
        #expect(try method() == "walk")
    }

    @Test("a remembered walk answers for --max-age, an account is never remembered")
    func remembered() throws {
        _ = try fixture.df()
        let first = try fixture.item("sub", try fixture.df("--max-age", "1h")["volumes"])
        #expect(first["method"] == "qgroup" && first["remembered"].boolean == false)
        let plain = try fixture.item("plain", try fixture.df("--max-age", "1h")["volumes"])
        #expect(plain["remembered"].boolean == true)
    }
}
