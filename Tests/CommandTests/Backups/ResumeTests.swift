import Glibc
import TestSupport
import Testing

/// Goal: what an interrupted backup wrote serves the next one, whatever became of it, and the archive is the one that a full
/// backup makes. Method: runs that are killed at a chosen call, and what they leave damaged in many ways.
@Suite("Resuming interrupted backups", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct ResumeTests {
    private let store: StoreFixture
    private let data: TreeBuilder
    /// Where a run was killed when most was written.
    private let late: Int

    init() throws {
        store = try StoreFixture("resume")
        data = try TreeBuilder(store("data"))
        let script = """
            cd "$1"; for d in d0 d1 d2 d3; do mkdir $d; head -c 4200000 /dev/urandom > $d/large
            for f in 0 1 2 3 4; do head -c 200000 /dev/urandom > $d/f$f; done; done; ln d0/f3 d3/link
            """
        try Tool.script(script, data.root).check()
        // Files younger than three seconds are read again in any case.
        try Tool.run("sleep", "3.1").check()
        let log = store("log")
        let plain = ["backup", "create", "dir:" + data.root, "--to", store("counted"), "--threads", "2"]
        try store.holdfast.run(plain, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        let writes = try Tool.run("cat", log).check().lines.filter { $0.contains("write") }
        late = try #require(writes.dropLast(12).last.flatMap { Int($0.prefix { $0 != " " }) })
    }

    private func create(_ folder: String, _ options: String...) throws -> JSON {
        let arguments = ["backup", "create", "dir:" + data.root, "--json", "--to", store(folder)] + options
        return try JSON(parsing: store.holdfast.run(arguments).check().text)[0]
    }

    private func kill(at call: Int, in folder: String) throws {
        try store.holdfast.run(
            ["backup", "create", "dir:" + data.root, "--to", store(folder), "--threads", "2"],
            environment: ["HOLDFAST_FAULT": "\(call):kill"]
        ).check(137)
    }

    private func files(in folder: String) throws -> [String] {
        try Tool.run("find", store(folder), "-type", "f").lines.sorted()
    }

    private func expectSameAsFull(_ report: JSON, in folder: String, _ what: String) throws {
        let archive = try #require(report["archive"].text)
        let full = try #require(create("full.tar.zst", "--full", "--force")["archive"].text)
        let isSame = try ArchiveBytes.dataFrames(of: archive) == ArchiveBytes.dataFrames(of: full)
        #expect(isSame, "\(what)")
        #expect(try store.holdfast("backup", "verify", archive).check().text.contains("intact"), "\(what)")
        let left = try files(in: folder).filter { !$0.hasSuffix(".tar.zst") }
        #expect(left.isEmpty, "\(what): \(left)")
    }

    @Test("a killed run: what it wrote is neither read nor compressed again", arguments: [0.65, 0.8, 1.0])
    func killed(_ share: Double) throws {
        try kill(at: Int(Double(late) * share), in: "b")
        let left = try files(in: "b")
        #expect(left.count == 2 && left.contains { $0.hasSuffix(".journal") }, "\(left)")
        let report = try create("b", "--why-changed")
        #expect(report["previous"].isNull)
        #expect(report["resumed"]["reusedBytes"].integer ?? 0 > 2_000_000, "\(report)")
        #expect(report["resumed"]["partial"].text.map { left.contains($0) } == true)
        let read = report["reasons"].elements.compactMap { $0["path"].text }
        #expect(!read.contains("d0/f1"), "\(read)")
        try expectSameAsFull(report, in: "b", "killed at \(share)")
    }

    @Test("with an archive before: the interrupted run's frames first, the archive's for the rest")
    func both() throws {
        let first = try create("b")
        try Tool.script(
            "cd \"$1\" && head -c 6000000 /dev/urandom > d0/large && head -c 400000 /dev/urandom > d3/f2; sleep 3.1",
            data.root
        ).check()
        // The new file of 6 MB is written, and noted, after a few calls.
        let kept = try #require(first["archive"].text)
        var call = late
        while call > 10, try !files(in: "b").contains(where: { $0.hasSuffix(".journal") }) {
            try store.holdfast.run(
                ["backup", "create", "dir:" + data.root, "--to", store("b"), "--threads", "2"],
                environment: ["HOLDFAST_FAULT": "\(call):kill"])
            for archive in try files(in: "b") where archive.hasSuffix(".tar.zst") && archive != kept {
                try Tool.run("rm", archive).check()
            }
            call -= 2
        }
        let report = try create("b", "--why-changed")
        #expect(report["previous"].text == first["archive"].text)
        #expect(report["resumed"]["reusedBytes"].integer ?? 0 > 4_000_000, "\(report["resumed"])")
        let read = report["reasons"].elements.compactMap { $0["path"].text }
        #expect(!read.contains("d0/f1") && !read.contains("d2/large"), "\(read)")
        try expectSameAsFull(report, in: "b", "both")
    }

    @Test("what changed since is read again")
    func changed() throws {
        try kill(at: late, in: "b")
        try Tool.script(
            "cd \"$1\" && echo more >> d0/f1 && rm d0/f2 && mv d0/f4 d0/other && chmod 600 d1/large", data.root
        ).check()
        let report = try create("b")
        #expect(report["resumed"]["reusedFrames"].integer ?? 0 > 0)
        try expectSameAsFull(report, in: "b", "changed")
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
        try kill(at: late, in: "b")
        let full = try #require(create("full.tar.zst", "--full")["archive"].text)
        let expected = try ArchiveBytes.dataFrames(of: full)
        for (damage, step) in Self.damages.flatMap({ damage in [0, 3, 7].map { (damage, $0) } }) {
            try Tool.script("rm -rf \"$2\" && cp -a \"$1\" \"$2\"", store("b"), store("c")).check()
            let left = try files(in: "c")
            let partial = try #require(left.first { $0.hasSuffix(".partial") })
            let journal = try #require(left.first { $0.hasSuffix(".journal") })
            try Tool.run("bash", "-c", damage, "damage", partial, journal, "\(step)").check()
            let report = try create("c")
            let isSame = try ArchiveBytes.dataFrames(of: try #require(report["archive"].text)) == expected
            #expect(isSame, "\(damage), \(step)")
            let others = try files(in: "c").filter { !$0.hasSuffix(".tar.zst") }
            #expect(others.isEmpty, "\(others)")
        }
    }

    @Test("--full, another level and age: nothing is taken, and it goes all the same")
    func notTaken() throws {
        for options in [["--full"], ["--level", "1"]] {
            try kill(at: late, in: "b")
            let result = try store.holdfast.run(
                ["backup", "create", "dir:" + data.root, "--json", "--to", store("b")] + options)
            let report = try JSON(parsing: result.check().text)[0]
            #expect(report["resumed"].isNull && report["reusedFrames"].integer == 0)
            #expect(try files(in: "b") == [try #require(report["archive"].text)])
            try Tool.run("rm", "-r", store("b")).check()
        }
        try kill(at: late, in: "b")
        try Tool.script("touch -d '8 days ago' \"$1\"/dir/*/.holdfast-*", store("b")).check()
        // Of another source, in the same folder.
        try TreeBuilder(store("other")).file("x", "y")
        let folder = try #require(files(in: "b").first).split(separator: "/").dropLast().joined(separator: "/")
        let other = "/\(folder)/other.tar.zst"
        try store.holdfast("backup", "create", "dir:" + store("other"), "--to", other).check()
        #expect(try files(in: "b") == [other])
    }

    @Test("what another source left in the same folder is left alone for a week")
    func otherSource() throws {
        try kill(at: late, in: "b")
        try TreeBuilder(store("other")).file("x", "y")
        let folder = try #require(files(in: "b").first).split(separator: "/").dropLast().joined(separator: "/")
        let other = "/\(folder)/other.tar.zst"
        try store.holdfast("backup", "create", "dir:" + store("other"), "--to", other).check()
        #expect(try files(in: "b").count == 3)
        #expect(try create("b")["resumed"]["reusedFrames"].integer ?? 0 > 0)
    }

    @Test("a run that goes on while another one ends keeps its file")
    func living() throws {
        let arguments = ["backup", "create", "dir:" + data.root, "--to", store("b"), "--threads", "1", "--level", "19"]
        let slow = try store.holdfast.start(arguments.map { Array($0.utf8) })
        for _ in 0..<4000 {
            if try files(in: "b").contains(where: { $0.hasSuffix(".journal") }) { break }
            usleep(5000)
        }
        slow.send(SIGSTOP)
        let quick = try create("b", "--level", "19")
        #expect(quick["resumed"].isNull)
        slow.send(SIGCONT)
        let archive = try slow.wait().check().lines[0]
        try store.holdfast("backup", "verify", archive, try #require(quick["archive"].text)).check()
        #expect(try files(in: "b").count == 2)
    }

    @Test("an interrupted run leaves its file, one whose disk is full gives the space back")
    func signals() throws {
        let arguments = ["backup", "create", "dir:" + data.root, "--to", store("b"), "--threads", "1", "--level", "19"]
        let process = try store.holdfast.start(arguments.map { Array($0.utf8) })
        for _ in 0..<4000 {
            if try files(in: "b").contains(where: { $0.hasSuffix(".journal") }) { break }
            usleep(5000)
        }
        process.send(SIGTERM)
        try process.wait().check(130)
        #expect(try create("b", "--level", "19")["resumed"]["reusedFrames"].integer ?? 0 > 0)
        let disk = try SmallDisk(at: store.directory.makeDirectory("small"), sizeKiB: 14_000)
        let full = try store.holdfast("backup", "create", "dir:" + data.root, "--to", disk.path)
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
