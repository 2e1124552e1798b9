import Glibc
import TestSupport
import Testing

/// Goal: what an interrupted backup wrote serves the next one, whatever became of it, and the archive is the one that a full
/// backup makes. Method: runs that are killed at a chosen call, and what they leave damaged in many ways.
@Suite("Resuming interrupted backups", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct ResumeTests {
    private let run: InterruptedBackup

    init() throws { run = try InterruptedBackup() }

    @Test("a killed run: what it wrote is neither read nor compressed again", arguments: [0.65, 0.8, 1.0])
    func killed(_ share: Double) throws {
        try run.kill(at: Int(Double(run.late) * share), in: "b")
        let left = try run.files(in: "b")
        #expect(left.count == 2 && left.contains { $0.hasSuffix(".journal") }, "\(left)")
        let report = try run.create("b", "--why-changed")
        #expect(report["previous"].isNull)
        #expect(report["resumed"]["reusedBytes"].integer ?? 0 > 2_000_000, "\(report)")
        #expect(report["resumed"]["partial"].text.map { left.contains($0) } == true)
        let read = report["reasons"].elements.compactMap { $0["path"].text }
        #expect(!read.contains("d0/f1"), "\(read)")
        try run.expectSameAsFull(report, in: "b", "killed at \(share)")
    }

    @Test("with an archive before: the interrupted run's frames first, the archive's for the rest")
    func both() throws {
        let first = try run.create("b")
        try Tool.script(
            "cd \"$1\" && head -c 6000000 /dev/urandom > d0/large && head -c 400000 /dev/urandom > d3/f2; sleep 3.1",
            run.data.root
        ).check()
        // The new file of 6 MB is written, and noted, after a few calls.
        let kept = try #require(first["archive"].text)
        var call = run.late
        while call > 10, try !run.files(in: "b").contains(where: { $0.hasSuffix(".journal") }) {
            try run.store.holdfast.run(
                ["backup", "create", "dir:" + run.data.root, "--to", run.store("b"), "--threads", "2"],
                environment: ["HOLDFAST_FAULT": "\(call):kill"])
            for archive in try run.files(in: "b") where archive.hasSuffix(".tar.zst") && archive != kept {
                try Tool.run("rm", archive).check()
            }
            call -= 2
        }
        let report = try run.create("b", "--why-changed")
        #expect(report["previous"].text == first["archive"].text)
        #expect(report["resumed"]["reusedBytes"].integer ?? 0 > 4_000_000, "\(report["resumed"])")
        let read = report["reasons"].elements.compactMap { $0["path"].text }
        #expect(!read.contains("d0/f1") && !read.contains("d2/large"), "\(read)")
        try run.expectSameAsFull(report, in: "b", "both")
    }

    @Test("what changed since is read again")
    func changed() throws {
        try run.kill(at: run.late, in: "b")
        try Tool.script(
            "cd \"$1\" && echo more >> d0/f1 && rm d0/f2 && mv d0/f4 d0/other && chmod 600 d1/large", run.data.root
        ).check()
        let report = try run.create("b")
        #expect(report["resumed"]["reusedFrames"].integer ?? 0 > 0)
        try run.expectSameAsFull(report, in: "b", "changed")
    }

    /// Each damages the file `$1` or the journal `$2`; `$3` is a number that goes from 0 to 7.
    private static let damages = [
        "truncate -s $(($(stat -c %s \"$1\") * $3 / 8)) \"$1\"",
        "truncate -s $(($(stat -c %s \"$2\") * $3 / 8)) \"$2\"",
        "printf rotten | dd of=\"$1\" bs=1 conv=notrunc status=none seek=$(($(stat -c %s \"$1\") * $3 / 8 + 100))",
        "printf rotten | dd of=\"$2\" bs=1 conv=notrunc status=none seek=$(($(stat -c %s \"$2\") * $3 / 8 + 20))",
        "for ((at = $3 * 40; at < $(stat -c %s \"$1\"); at += 50000)); do printf x | dd of=\"$1\" bs=1 conv=notrunc status=none seek=$at; done",
        "head -c $(stat -c %s \"$1\") /dev/zero > \"$1\"", "rm \"$2\"", "rm \"$1\"", ": > \"$2\"",
        // The start of each frame, as its magic number tells.
        """
        at=$(LC_ALL=C grep -aboP '\\x28\\xb5\\x2f\\xfd' "$1" | cut -d: -f1 | sed -n "$((2 + $3 * 2))p")
        truncate -s "${at:-0}" "$1"
        """,
    ]

    @Test("whatever becomes of what it left, no wrong byte gets into an archive")
    func damaged() throws {
        try run.kill(at: run.late, in: "b")
        let full = try #require(run.create("full.tar.zst", "--full")["archive"].text)
        let expected = try ArchiveBytes.dataFrames(of: full)
        for (damage, step) in Self.damages.flatMap({ damage in [0, 3, 7].map { (damage, $0) } }) {
            try Tool.script("rm -rf \"$2\" && cp -a \"$1\" \"$2\"", run.store("b"), run.store("c")).check()
            let left = try run.files(in: "c")
            let partial = try #require(left.first { $0.hasSuffix(".partial") })
            let journal = try #require(left.first { $0.hasSuffix(".journal") })
            try Tool.run("bash", "-c", damage, "damage", partial, journal, "\(step)").check()
            let report = try run.create("c")
            let isSame = try ArchiveBytes.dataFrames(of: try #require(report["archive"].text)) == expected
            #expect(isSame, "\(damage), \(step)")
            let others = try run.files(in: "c").filter { !$0.hasSuffix(".tar.zst") }
            #expect(others.isEmpty, "\(others)")
        }
    }

    @Test("--full, another level and age: nothing is taken, and it goes all the same")
    func notTaken() throws {
        for options in [["--full"], ["--level", "1"]] {
            try run.kill(at: run.late, in: "b")
            let result = try run.store.holdfast.run(
                ["backup", "create", "dir:" + run.data.root, "--json", "--to", run.store("b")] + options)
            let report = try JSON(parsing: result.check().text)[0]
            #expect(report["resumed"].isNull && report["reusedFrames"].integer == 0)
            #expect(try run.files(in: "b") == [try #require(report["archive"].text)])
            try Tool.run("rm", "-r", run.store("b")).check()
        }
        try run.kill(at: run.late, in: "b")
        try Tool.script("touch -d '8 days ago' \"$1\"/dir/*/.holdfast-*", run.store("b")).check()
        // Of another source, in the same folder.
        try TreeBuilder(run.store("other")).file("x", "y")
        let folder = try #require(run.files(in: "b").first).split(separator: "/").dropLast().joined(separator: "/")
        let other = "/\(folder)/other.tar.zst"
        try run.store.holdfast("backup", "create", "dir:" + run.store("other"), "--to", other).check()
        #expect(try run.files(in: "b") == [other])
    }

    @Test("what another source left in the same folder is left alone for a week")
    func otherSource() throws {
        try run.kill(at: run.late, in: "b")
        try TreeBuilder(run.store("other")).file("x", "y")
        let folder = try #require(run.files(in: "b").first).split(separator: "/").dropLast().joined(separator: "/")
        let other = "/\(folder)/other.tar.zst"
        try run.store.holdfast("backup", "create", "dir:" + run.store("other"), "--to", other).check()
        #expect(try run.files(in: "b").count == 3)
        #expect(try run.create("b")["resumed"]["reusedFrames"].integer ?? 0 > 0)
    }

    @Test("a run that goes on while another one ends keeps its file")
    func living() throws {
        let arguments = [
            "backup", "create", "dir:" + run.data.root, "--to", run.store("b"), "--threads", "1", "--level", "19",
        ]
        let slow = try run.store.holdfast.start(arguments.map { Array($0.utf8) })
        for _ in 0..<4000 {
            if try run.files(in: "b").contains(where: { $0.hasSuffix(".journal") }) { break }
            usleep(5000)
        }
        slow.send(SIGSTOP)
        let quick = try run.create("b", "--level", "19")
        #expect(quick["resumed"].isNull)
        slow.send(SIGCONT)
        let archive = try slow.wait().check().lines[0]
        try run.store.holdfast("backup", "verify", archive, try #require(quick["archive"].text)).check()
        #expect(try run.files(in: "b").count == 2)
    }

    @Test("an interrupted run leaves its file, one whose disk is full gives the space back")
    func signals() throws {
        let arguments = [
            "backup", "create", "dir:" + run.data.root, "--to", run.store("b"), "--threads", "1", "--level", "19",
        ]
        let process = try run.store.holdfast.start(arguments.map { Array($0.utf8) })
        for _ in 0..<4000 {
            if try run.files(in: "b").contains(where: { $0.hasSuffix(".journal") }) { break }
            usleep(5000)
        }
        process.send(SIGTERM)
        try process.wait().check(130)
        #expect(try run.create("b", "--level", "19")["resumed"]["reusedFrames"].integer ?? 0 > 0)
        let disk = try SmallDisk(at: run.store.directory.makeDirectory("small"), sizeKiB: 14_000)
        let full = try run.store.holdfast("backup", "create", "dir:" + run.data.root, "--to", disk.path)
        #expect(full.status == 1)
        #expect(try Tool.run("find", disk.path, "-type", "f").lines == [])
    }
}

/// Looks into archives as bytes.
enum ArchiveBytes {
    /// The bytes up to the table, whose times are those of the run.
    static func dataFrames(of archive: String) throws -> [UInt8] {
        let bytes = try Tool.run("cat", archive).check().output
        func number(_ offset: Int, _ count: Int) -> Int {
            bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let seekTable = 8 + 8 * number(bytes.count - 9, 4) + 9
        let footer = bytes.count - seekTable - 88
        return Array(bytes[..<number(footer + 16, 8)])
    }
}
