import TestSupport
import Testing

/// Goal: a run of a job does all that its file says, whatever of it fails, and tells truly what came of it. Method: jobs of real
/// volumes and directories, and other programs as witnesses.
@Suite("Runs of jobs") struct JobRunTests {
    private let job: JobFixture

    init() throws { job = try JobFixture() }

    // MARK: Archives

    @Test("volumes, directories and selections are backed up, each once, and one line tells of it")
    func sources() throws {
        try job.store.makeVolume("v1", "--label", "app=shop").file("f", "1")
        try job.store.makeVolume("v2", "--label", "app=shop").file("f", "2")
        try job.store.makeVolume("v3").file("f", "3")
        let file = try job.file(
            """
            jobs:
              n:
                sources: [v1, "dir:{}/data", {filter: label=app=shop}]
                to: {}/backups
                tags: nightly
            """)
        let result = try job.store.holdfast("job", "run", file).check()
        #expect(result.output.isEmpty)
        #expect(
            result.errorText.hasPrefix("n: success, 3 of 3 sources, ")
                && result.errorText.split(separator: "\n").count == 1)
        #expect(try job.archives().count == 3)
        for archive in try job.archives() { try job.store.holdfast("backup", "verify", archive).check() }
        let report = try job.report(file, "--quiet")
        #expect(report["sources"].elements.map { $0["source"].text } == ["holdfast:v1", job.source, "holdfast:v2"])
        #expect(
            report["sources"].elements.allSatisfy { $0["outcome"] == "success" && $0["reusedBytes"].integer ?? 0 > 0 })
        #expect(try job.store.holdfast("job", "run", file, "--quiet").check().errorText == "")
    }

    @Test("a source that is not there fails alone; the status is 1, and everything else is done")
    func vanished() throws {
        let file = try job.file(
            "name: n\nsources: [\"dir:{}/gone\", nosuch, \"dir:{}/data\"]\nto: {}/backups\nretention: {keep-last: 1}")
        let result = try job.store.holdfast("job", "run", file).check(1)
        #expect(result.errorText.contains("holdfast: n: dir:\(job("gone")): cannot back up directory"))
        #expect(result.errorText.contains("n: failure, 1 of 3 sources"))
        #expect(try job.archives().count == 1)
        let report = try job.report(file, status: 1)
        #expect(report["outcome"] == "failure")
        #expect(report["sources"].elements.map { $0["outcome"].text } == ["failure", "failure", "success"])
        #expect(try job.archives().count == 1 && report["removedArchives"].integer == 1)
    }

    @Test("a source that goes away while it is backed up is a failure, and the next run is fine")
    func vanishing() throws {
        let gone = try job.job("hooks: {before: \"mv {}/data {}/moved\"}")
        #expect(try job.report(gone, status: 1)["sources"][0]["error"].text?.contains("data") == true)
        try Tool.run("mv", job("moved"), job("data")).check()
        #expect(try job.report(job.job())["outcome"] == "success")
    }

    @Test(
        "a file that cannot be read is a warning, and the status 3",
        .enabled(if: Environment.isRoot, "needs another user"))
    func warning() throws {
        let (command, own) = try job.store.asNobody()
        try Tool.script("mkdir $1/data && echo x > $1/data/a && echo y > $1/data/b && chmod 000 $1/data/b", own).check()
        let file = try job.file("name: n\nsources: [\"dir:\(own)/data\"]\nto: \(own)/backups", "warn.yaml")
        let result = try Tool.run(
            command + ["job", "run", file, "--json"], environment: ["HOLDFAST_ROOT": "\(own)/store"]
        ).check(3)
        let report = try JSON(parsing: result.text)[0]
        #expect(report["outcome"] == "warning" && report["sources"][0]["warningCount"].integer == 1)
        #expect(report["sources"][0]["warnings"][0].text?.hasPrefix("b: cannot be read") == true)
    }

    @Test("nothing changed: no archive is made, and that is a success")
    func unchanged() throws {
        let file = try job.job("skip-if-unchanged: true", to: "[{}/backups, {}/second]")
        try Tool.run("find", job("data"), "-exec", "touch", "-d", "2020-01-01", "{}", "+").check()
        _ = try job.report(file)
        // The guard against racy times: ctime has to be older than three seconds before the first backup began.
        try Tool.run("sleep", "3.2").check()
        _ = try job.report(file)
        let count = try job.archives().count
        let report = try job.report(file)
        #expect(try report["sources"][0]["unchanged"].boolean == true && job.archives().count == count)
        #expect(report["outcome"] == "success" && report["sources"][0]["copies"][0]["error"].isNull)
        // The copy is compared again: one that has changed does not pass for it, and is not overwritten.
        let copy = try #require(report["sources"][0]["copies"][0]["archive"].text)
        try Tool.run("sh", "-c", "echo >> \(copy)").check()
        let again = try #require(try job.report(file)["sources"][0]["copies"][0]["archive"].text)
        try Tool.run("cmp", again, report["sources"][0]["archive"].text ?? "").check()
        #expect(try again != copy && job.report(file)["sources"][0]["copies"][0]["archive"].text == again)
    }

    @Test("encrypted for a recipient, at a level, with tags; checked after each run by the key")
    func encrypted() throws {
        try Tool.script("age-keygen -o $1 2>/dev/null && age-keygen -y $1 > $2", job("key"), job("public")).check()
        let file = try job.job(
            "recipients-file: {}/public\nlevel: 1\nscrub: {budget: 1GiB, identity: {}/key}\nmetrics: {}/m.prom")
        let report = try job.report(file)
        #expect(report["outcome"] == "success" && report["scrubbedArchives"].integer == 1)
        let archive = try #require(report["sources"][0]["archive"].text)
        #expect(archive.hasSuffix(".tar.zst.age"))
        let listed = try Tool.script("age -d -i $1 $2 | tar --zstd -t", job("key"), archive).check()
        #expect(listed.lines == ["./", "./a", "./b/", "./b/c"])
        try Tool.run("dd", "if=/dev/zero", "of=\(archive)", "bs=1", "seek=300", "count=40", "conv=notrunc").check()
        let second = try job.report(file, status: 1)
        #expect(second["damagedArchives"].integer == 1 && second["outcome"] == "failure")
        #expect(second["errors"][0].text?.contains(archive) == true)
    }

    // MARK: Copies

    @Test("further destinations get the same bytes in the same layout, one that fails holds up no other")
    func copies() throws {
        try Tool.run("touch", job("file")).check()
        let file = try job.job("retention: {keep-last: 2}", to: "[{}/backups, {}/file/below, {}/third]")
        let result = try job.store.holdfast("job", "run", file).check(1)
        #expect(result.errorText.contains("cannot use the destination '\(job("file/below"))'"))
        let first = try job.archives()[0]
        let third = first.replacing(job("backups"), with: job("third"))
        try Tool.run("cmp", first, third).check()
        #expect(try job.leftovers("third").isEmpty)
        for _ in 0..<2 { _ = try job.report(file, status: 1) }
        #expect(try job.archives().count == 2 && job.archives("third").count == 2)
    }

    @Test("where the first destination fails, the next one gets the archive")
    func fallback() throws {
        try Tool.run("touch", job("backups")).check()
        let report = try job.report(job.job(to: "[{}/backups, {}/second, {}/third]"), status: 1)
        #expect(try report["sources"][0]["outcome"] == "success" && job.archives("second").count == 1)
        #expect(try job.archives("third").count == 1)
    }

    @Test(
        "a copy on a full disk is a failure that leaves nothing there", .enabled(if: Environment.isRoot, "cannot mount")
    )
    func fullDisk() throws {
        try job.data.file("large", SeededBytes.text(seed: 1, count: 600_000))
        let disk = try SmallDisk(at: job.store.directory.makeDirectory("small"), sizeKiB: 256)
        let report = try job.report(job.job(to: "[{}/backups, {}/small]"), status: 1)
        #expect(report["sources"][0]["outcome"] == "success")
        #expect(report["sources"][0]["copies"][0]["error"].text?.contains("No space left") == true)
        #expect(try job.leftovers("small").isEmpty && job.archives("small").isEmpty)
        withExtendedLifetime(disk) {}
    }

    // MARK: Destinations

    @Test("a destination without its marker is not written to; --init-destination makes it known")
    func marker() throws {
        let file = try job.job(to: "{path: {}/backups, marker: MARK}")
        #expect(try job.store.holdfast("job", "run", file).check(1).errorText.contains("--init-destination"))
        #expect(try !job.exists("backups"))
        try job.store.directory.makeDirectory("backups")
        #expect(try job.store.holdfast("job", "run", file).check(1).errorText.contains("has no file 'MARK'"))
        #expect(try Tool.run("ls", "-A", job("backups")).check().output.isEmpty)
        _ = try job.report(file, "--init-destination")
        #expect(try job.exists("backups/MARK"))
        _ = try job.report(file)
        #expect(try job.archives().count == 2)
    }

    @Test("what is not mounted never fills the root disk", .enabled(if: Environment.isRoot, "cannot mount"))
    func unmounted() throws {
        let place = try job.store.directory.makeDirectory("backups")
        let file = try job.job(to: "{path: {}/backups, mounted: true}")
        let isRootDisk = try Tool.run("stat", "-c", "%d", "/", place).check().lines
        do {
            let disk = try SmallDisk(at: place, sizeKiB: 4096)
            #expect(try job.store.holdfast("job", "run", file).check(1).errorText.contains(".holdfast-destination"))
            #expect(try job.report(file, "--init-destination")["outcome"] == "success")
            #expect(try job.report(file)["outcome"] == "success")
            withExtendedLifetime(disk) {}
        }
        let result = try job.store.holdfast("job", "run", file, "--init-destination")
        // Where temporary files are on the disk of /, the missing mount itself is seen; elsewhere the missing marker.
        #expect(Set(isRootDisk).count == 2 || result.status == 1, "\(result)")
        #expect(try job.store.holdfast("job", "run", file).status == (Set(isRootDisk).count == 2 ? 0 : 1))
    }

    @Test(
        "a destination that is taken away during the run gets nothing more",
        .enabled(if: Environment.isRoot, "cannot mount"))
    func detached() throws {
        let place = try job.store.directory.makeDirectory("backups")
        let disk = try SmallDisk(at: place, sizeKiB: 4096)
        try Tool.run("touch", "\(place)/MARK").check()
        let file = try job.file(
            """
            name: n
            sources: ["dir:{}/data", "dir:{}/data/b"]
            to: {path: {}/backups, marker: MARK}
            hooks: {after: "umount --lazy {}/backups; true"}
            """)
        let report = try job.report(file, status: 1)
        #expect(report["sources"].elements.map { $0["outcome"].text } == ["success", "failure"])
        #expect(try Tool.run("ls", "-A", place).check().output.isEmpty)
        withExtendedLifetime(disk) {}
    }

    // MARK: Hooks and limits

    @Test("hooks run around each source; one that hangs is killed, and only its source fails")
    func hooks() throws {
        let file = try job.file(
            """
            name: n
            sources: ["dir:{}/data", "dir:{}/data/b"]
            to: {}/backups
            hooks:
              before: case $HOLDFAST_SOURCE in *b) sleep 973;; *) echo begun > {}/trace;; esac
              after: echo $HOLDFAST_STATUS >> {}/trace
              timeout: 1
            """)
        let report = try job.report(file, status: 1)
        #expect(report["sources"].elements.map { $0["outcome"].text } == ["success", "failure"])
        #expect(report["sources"][1]["error"].text?.contains("was killed") == true)
        #expect(try Tool.run("cat", job("trace")).check().text == "begun\n0\n1\n")
    }

    @Test("reading and writing keep to their limits, by priority too", arguments: ["read", "write"])
    func limits(_ key: String) throws {
        try job.data.file("large", SeededBytes.text(seed: 2, count: 2_000_000))
        let file = try job.job(
            "limits: {\(key): 1MiB, io: idle, nice: 5}\nhooks: {before: \"ps -o ni= -p $$ > {}/nice\"}")
        // What remains of two million bytes, less a bucket of a quarter of a second, cannot go in less.
        let start = ContinuousClock.now
        _ = try job.report(file)
        #expect(start.duration(to: .now) >= .milliseconds(1200))
        #expect(try Tool.run("cat", job("nice")).check().text.split(separator: " ").last == "5\n")
        try job.store.holdfast("backup", "verify", job.archives()[0]).check()
    }

    // MARK: Time and locks

    @Test("--max-time ends a run cleanly with status 1; the job's own does too", arguments: [true, false])
    func maxTime(_ byOption: Bool) throws {
        try job.data.file("large", SeededBytes.text(seed: 3, count: 3_000_000))
        let file = try job.job(
            "limits: {read: 64KiB}\n\(byOption ? "" : "max-time: 1s")", to: "[{}/backups, {}/second]")
        let report =
            try byOption ? job.report(file, "--max-time", "1s", status: 1) : job.report(file, status: 1)
        #expect(report["timedOut"].boolean == true && report["interrupted"].boolean == false)
        #expect(report["sources"][0]["error"].text?.hasPrefix("stopped before it was done") == true)
        #expect(try job.archives().isEmpty && job.archives("second").isEmpty)
        #expect(try job.history().count == 1)
        #expect(try job.report(job.job())["outcome"] == "success")
        #expect(try job.leftovers().isEmpty)
    }

    @Test("SIGTERM ends a run with 130; the history and the notification know of it")
    func terminated() throws {
        let file = try job.job(
            "hooks: {before: touch {}/begun; sleep 100}\nnotify: {command: \"echo $HOLDFAST_OUTCOME > {}/told\"}")
        let run = try job.store.holdfast.start(["job", "run", file].map { Array($0.utf8) })
        try waitUntil("the hook runs") { (try? job.exists("begun")) == true }
        run.send(15)
        try run.wait().check(130)
        #expect(try job.history()[0]["interrupted"].boolean == true)
        #expect(try Tool.run("cat", job("told")).check().text == "failure\n")
    }

    @Test("a random delay is ended by a signal at once, before anything is done")
    func splay() throws {
        let file = try job.job()
        let run = try job.store.holdfast.start(["job", "run", file, "--splay", "10000h"].map { Array($0.utf8) })
        try Tool.run("sleep", "0.3").check()
        run.send(2)
        try run.wait(limitSeconds: 10).check(130)
        #expect(try !job.exists("backups") && !job.exists("store/jobs"))
        _ = try job.report(file, "--splay", "0s")
    }

    @Test("a second run ends with 5 and names the first; with --wait it comes after it")
    func twoAtOnce() throws {
        let file = try job.job("hooks: {before: \"touch {}/begun; until test -e {}/go; do sleep 0.05; done\"}")
        let first = try job.store.holdfast.start(["job", "run", file].map { Array($0.utf8) })
        try waitUntil("the first runs") { (try? job.exists("begun")) == true }
        let refused = try job.store.holdfast("job", "run", file).check(5)
        #expect(refused.errorText.contains("by process \(first.identifier)\n"))
        let waiting = try job.store.holdfast.start(["job", "run", file, "--wait"].map { Array($0.utf8) })
        try Tool.run("touch", job("go")).check()
        try first.wait().check()
        try waiting.wait().check()
        #expect(try job.history().count == 2 && job.archives().count == 2)
    }

    @Test("a run that is killed leaves nothing that hinders the next one, and the history whole")
    func killed() throws {
        let file = try job.job("hooks: {before: \"test -e {}/begun || { touch {}/begun; sleep 100; }\"}")
        _ = try job.store.holdfast("job", "run", job.job())
        try job.job("hooks: {before: \"test -e {}/begun || { touch {}/begun; sleep 100; }\"}")
        let run = try job.store.holdfast.start(["job", "run", file].map { Array($0.utf8) })
        try waitUntil("the hook runs") { (try? job.exists("begun")) == true }
        run.send(9)
        _ = try run.wait()
        #expect(try job.report(file)["outcome"] == "success")
        #expect(try job.history().map { $0["outcome"].text } == ["success", "success"])
        #expect(try job.leftovers().isEmpty)
    }

    @Test("a history that was damaged is passed over where it makes no sense")
    func damagedHistory() throws {
        let file = try job.job()
        _ = try job.report(file)
        try Tool.script(
            "printf '{\"job\": 3}\\nnonsense\\n\\xff\\n{\"job\":\"n\",\"half' >> $1", job("store/jobs/n/history.jsonl")
        )
        .check()
        _ = try job.report(file)
        #expect(try job.history().count == 2)
    }
}

/// Text that does not compress well.
enum SeededBytes {
    static func text(seed: UInt64, count: Int) -> String {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for _ in 0..<count {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            bytes.append(UInt8(truncatingIfNeeded: 0x20 + (state >> 33) % 95))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
