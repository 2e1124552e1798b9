import Glibc
import TestSupport
import Testing

/// Goal: interruptions one after the other, power cuts, full disks and encryption never cost an archive, and fill no disk. Method:
/// seeded kills and changes, real file systems that lose their power, and full backups and GNU tar as oracles.
@Suite(
    "Backups that are interrupted again and again", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct ResumeSeriesTests {
    @Test(
        "killed five times with many entries, while the source changes: each time the next archive is that of a full backup"
    )
    func series() throws {
        let store = try StoreFixture("series")
        let data = try TreeBuilder(store("data"))
        var generator = SeededGenerator(seed: 77)
        // More than one chunk of a table holds.
        for directory in 0..<12 {
            try data.directory("d\(directory)")
            for file in 0..<450 {
                let bytes = (0..<256).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
                try data.file(Array("d\(directory)/f\(file)".utf8), bytes)
            }
        }
        try Tool.run("sleep", "3.1").check()
        func create(_ to: String, _ options: [String] = [], _ environment: [String: String] = [:]) throws
            -> ProcessResult
        {
            try store.holdfast.run(
                ["backup", "create", "dir:" + data.root, "--json", "--threads", "2", "--to", to] + options,
                environment: environment)
        }
        func archive(_ result: ProcessResult) throws -> String {
            try #require(JSON(parsing: result.check().text)[0]["archive"].text)
        }
        var resumed = 0
        for round in 0..<6 {
            // What the next run would do with what is left by now; it tells how many calls there are, too.
            try Tool.script(
                "rm -rf \"$2\" \"$3\"; if [ -e \"$1\" ]; then cp -a \"$1\" \"$2\"; fi", store("b"), store("c"),
                store("log")
            )
            .check()
            let next = try create(store("c"), [], ["HOLDFAST_FAULT_LOG": store("log")])
            let full = try archive(create(store("full.tar.zst"), ["--full", "--force"]))
            let isSame = try ArchiveBytes.dataFrames(of: archive(next)) == ArchiveBytes.dataFrames(of: full)
            #expect(isSame, "round \(round)")
            try Tool.script("zstd -dqc \"$1\" | tar -d -C \"$2\" -f -", archive(next), data.root).check()
            try store.holdfast("backup", "verify", archive(next)).check()
            if try !JSON(parsing: next.text)[0]["resumed"].isNull { resumed += 1 }
            #expect(try Tool.run("find", store("c"), "-type", "f").check().lines == [archive(next)], "round \(round)")
            let calls = try Tool.run("cat", store("log")).check().lines.count
            let call = Int.random(in: (calls / 2)...(calls - 4), using: &generator)
            try create(store("b"), [], ["HOLDFAST_FAULT": "\(call):kill"]).check(137)
            // The file that is taken from, and that of the run itself.
            let partial = try Tool.run("find", store("b"), "-name", "*.partial").check().lines
            #expect((1...2).contains(partial.count), "round \(round): \(partial)")
            try change(data, round)
        }
        #expect(resumed >= 3)
    }

    /// A file grows, one goes, one comes, one is renamed, one gets another mode, and a directory another name.
    private func change(_ data: TreeBuilder, _ round: Int) throws {
        let script = """
            cd "$1/d$2"; echo more >> f1; rm f2; head -c 9000 /dev/urandom > new; mv f3 g3; chmod 600 f4
            cd ..; mv "d$(($2 + 6))" "e$2"; sleep $(($2 % 2 * 31 / 10))
            """
        try Tool.script(script, data.root, "\(round)").check()
    }

    @Test(
        "a power cut: what is on disk is taken, what is not is read, and the archive outlives the next cut",
        .enabled(if: !CuttableDisk.formats.isEmpty, "neither ext4 nor XFS can be mounted from a file"),
        arguments: CuttableDisk.formats)
    func powerCut(format: CuttableDisk.Format) throws {
        let run = try InterruptedBackup()
        let image = try DiskImage(format, in: run.store.directory)
        let full = try #require(run.create("full.tar.zst", "--full")["archive"].text)
        let expected = try ArchiveBytes.dataFrames(of: full)
        // Which of the files reached the disk before the cut.
        for synced in [[], [".journal"], [".partial"], [".journal", ".partial"]] {
            let disk = try CuttableDisk(image)
            let folder = disk.path + "/b"
            try run.kill(at: run.late, in: folder)
            let left = try run.files(in: folder)
            #expect(left.count == 2 && left.contains { $0.hasSuffix(".journal") }, "\(left)")
            for file in left where synced.contains(where: { file.hasSuffix($0) }) { try Tool.run("sync", file).check() }
            try disk.cutPower()
            let report = try run.create(folder)
            let archive = try #require(report["archive"].text)
            let isSame = try ArchiveBytes.dataFrames(of: archive) == expected
            #expect(isSame, "\(synced)")
            if synced.count == 2 { #expect(report["resumed"]["reusedBytes"].integer ?? 0 > 2_000_000, "\(report)") }
            try disk.cutPower()
            try run.store.holdfast("backup", "verify", archive).check()
            try run.expectSameByTar(archive)
            // That a file was removed need not have reached the disk; then the next run removes it.
            let next = try #require(run.create(folder)["archive"].text)
            #expect(try run.files(in: folder) == [archive, next].sorted(), "\(synced)")
            withExtendedLifetime(disk) {}
        }
    }

    @Test("a full disk: old archives stay, what was left goes, and with room the next run succeeds")
    func fullDisk() throws {
        let run = try InterruptedBackup()
        let disk = try SmallDisk(at: run.store.directory.makeDirectory("small"), sizeKiB: 48_000)
        let folder = disk.path + "/b"
        let old = try #require(run.create(folder)["archive"].text)
        let sum = try Tool.run("sha256sum", old).check().text
        try Tool.script(
            "cd \"$1\"; for f in d*/*; do head -c $(stat -c %s $f) /dev/urandom > $f; done; sleep 3.1", run.data.root
        ).check()
        try run.kill(at: run.late, in: folder)
        #expect(try run.files(in: folder).count == 3)
        func expectFailure() throws {
            let result = try run.store.holdfast("backup", "create", "dir:" + run.data.root, "--to", folder).check(1)
            #expect(result.errorText.contains("No space left"), "\(result)")
            #expect(try run.files(in: folder) == [old] && Tool.run("sha256sum", old).check().text == sum)
        }
        try expectFailure()
        try Tool.run("fallocate", "-l", "10M", disk.path + "/ballast").check()
        try expectFailure()
        try Tool.run("rm", disk.path + "/ballast").check()
        let report = try run.create(folder)
        #expect(report["resumed"].isNull)
        try run.expectSameAsFull(report, in: folder, "with room")
        #expect(try Tool.run("sha256sum", old).check().text == sum)
        withExtendedLifetime(disk) {}
    }

    @Test(
        "encrypted: an interrupted run is not resumed, which is said; a plain one serves an encrypted one",
        .enabled(if: Tool.exists("age") && Tool.exists("age-keygen"), "age is not installed"))
    func encrypted() throws {
        let run = try InterruptedBackup()
        let key = run.store("key.txt")
        try Tool.run("age-keygen", "-o", key).check()
        let options = ["--recipient", try Tool.run("age-keygen", "-y", key).check().lines[0], "--identity", key]
        func create(_ folder: String) throws -> JSON {
            try run.create(folder, options[0], options[1], options[2], options[3])
        }
        func expectWhole(_ report: JSON, _ others: [String], in folder: String) throws {
            let archive = try #require(report["archive"].text)
            try run.store.holdfast("backup", "verify", archive, "--identity", key).check()
            try run.expectSameByTar(archive, "age -d -i \"$3\" \"$1\" | zstd -dqc", key)
            #expect(try run.files(in: folder) == (others + [archive]).sorted())
        }
        // No journal would tell names to who cannot read the archive.
        try run.kill(at: run.middle([options[0], options[1]]), in: "b", options[0], options[1])
        let left = try run.files(in: "b")
        #expect(left.count == 1 && left[0].hasSuffix(".partial"), "\(left)")
        let first = try create("b")
        #expect(first["resumed"].isNull && first["reusedFrames"].integer == 0)
        #expect(first["notices"].elements.contains { $0.text?.contains("cannot be resumed") == true }, "\(first)")
        try expectWhole(first, [], in: "b")
        // With a whole one before, everything comes out of that.
        try run.kill(at: 8, in: "b", options[0], options[1], options[2], options[3])
        let second = try create("b")
        #expect(second["resumed"].isNull && second["newFrames"].integer == 0, "\(second)")
        try expectWhole(second, [try #require(first["archive"].text)], in: "b")
        try run.kill(at: run.late, in: "p")
        let mixed = try create("p")
        #expect(mixed["resumed"]["reusedFrames"].integer ?? 0 > 0, "\(mixed)")
        try expectWhole(mixed, [], in: "p")
    }

    @Test(
        "an encrypted run that a signal ends leaves nothing",
        .enabled(if: Tool.exists("age-keygen"), "age is not installed"))
    func encryptedSignal() throws {
        let run = try InterruptedBackup()
        try Tool.run("age-keygen", "-o", run.store("key.txt")).check()
        let recipient = try Tool.run("age-keygen", "-y", run.store("key.txt")).check().lines[0]
        let arguments = [
            "backup", "create", "dir:" + run.data.root, "--to", run.store("b"), "--level", "19", "--threads", "1",
            "--recipient", recipient,
        ]
        let process = try run.store.holdfast.start(arguments.map { Array($0.utf8) })
        try waitUntil("something is written") {
            (try? Tool.run("find", run.store("b"), "-name", "*.partial", "-size", "+1M").lines.count) == 1
        }
        process.send(SIGTERM)
        try process.wait().check(130)
        #expect(try run.files(in: "b").isEmpty)
    }
}
