import TestSupport
import Testing

/// Goal: a destination that could not be used for a while has afterwards what its policy keeps, from whichever other one has it.
/// Method: destinations that come and go, archives of chosen days, and `backup forget --dry-run` as the judge of policies.
@Suite("Destinations that catch up") struct JobCatchUpTests {
    private let job: JobFixture

    init() throws { job = try JobFixture() }

    /// Runs the job with other data than before, in another second.
    private func run(_ file: String, _ size: Int, status: Int32 = 0) throws -> JSON {
        try job.data.file("a", SeededBytes.text(seed: 11, count: size))
        try Tool.run("sleep", "1").check()
        return try job.report(file, status: status)
    }

    private func names(_ folder: String) throws -> [String] {
        try Tool.run("find", job(folder), "-type", "f", "-name", "*.tar.zst*", "-printf", "%f\n").check().lines.sorted()
    }

    /// Where a destination has the archives of the data.
    private func folder(_ destination: String) throws -> String {
        let archive = try #require(job.archives(destination).first)
        return archive.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    }

    /// What a report says of a destination: how many were missing, and how many were copied.
    private func caughtUp(_ report: JSON) -> [[Int?]] {
        report["caughtUp"].elements.map { [$0["missing"].integer, $0["copied"].integer] }
    }

    @Test("what its policy keeps of the time in which it was away, and once only")
    func away() throws {
        let file = try job.job("retention: {keep-last: 3}", to: "[{}/backups, {path: {}/second, marker: MARK}]")
        try Tool.script("mkdir \"$1\" && touch \"$1/MARK\"", job("second")).check()
        #expect(try run(file, 1000)["caughtUp"].elements.isEmpty)
        try Tool.run("mv", job("second"), job("away")).check()
        for size in [2000, 3000, 4000] { _ = try run(file, size, status: 1) }
        try Tool.run("mv", job("away"), job("second")).check()
        let report = try run(file, 5000)
        #expect(caughtUp(report) == [[2, 2]] && report["outcome"] == "success", "\(report)")
        #expect(report["caughtUp"][0]["destination"].text == job("second"))
        #expect(report["caughtUp"][0]["source"].text == job.source)
        #expect(report["caughtUp"][0]["copiedBytes"].integer ?? 0 > 5000)
        // Its own old one goes with the next run, when the policy is applied again.
        #expect(try names("second").dropFirst() == names("backups")[...])
        for archive in try job.archives() {
            try Tool.run("cmp", archive, archive.replacing(job("backups"), with: job("second"))).check()
        }
        try Tool.script("sleep 1; echo 6 > \"$1\"", job("data/a")).check()
        let line = try job.store.holdfast("job", "run", file).check().errorText
        #expect(!line.contains("missing copies"), "\(line)")
        #expect(try names("second") == names("backups") && names("second").count == 3)
        #expect(try caughtUp(job.history()[4]) == [[2, 2]])
        try Tool.run("rm", "-r", folder("second")).check()
        try Tool.run("sleep", "1").check()
        let summary = try job.store.holdfast("job", "run", file).check().errorText
        #expect(summary.contains(", 2 missing copies made ("), "\(summary)")
    }

    @Test("without a policy, a new one begins with today, and later gets what it missed")
    func withoutPolicy() throws {
        for size in [1000, 2000] { _ = try run(job.job(), size) }
        let file = try job.job(to: "[{}/backups, {}/second]")
        #expect(try run(file, 3000)["caughtUp"].elements.isEmpty)
        #expect(try names("second").count == 1)
        try Tool.script("mv \"$1\" \"$2\" && touch \"$1\"", job("second"), job("away")).check()
        for size in [4000, 5000] { _ = try run(file, size, status: 1) }
        try Tool.script("rm \"$1\" && mv \"$2\" \"$1\"", job("second"), job("away")).check()
        #expect(try caughtUp(run(file, 6000)) == [[2, 2]])
        #expect(try names("second") == names("backups").dropFirst(2).map { $0 })
    }

    @Test("the first destination gets from the others what it missed")
    func first() throws {
        let file = try job.job("retention: {keep-last: 9}", to: "[{}/backups, {}/second, {}/third]")
        try Tool.run("touch", job("backups")).check()
        for size in [1000, 2000] { _ = try run(file, size, status: 1) }
        try Tool.run("rm", job("backups")).check()
        let report = try run(file, 3000)
        #expect(caughtUp(report) == [[2, 2]] && report["caughtUp"][0]["destination"].text == job("backups"))
        try Tool.run("diff", "-r", folder("backups"), folder("second")).check()
        for archive in try job.archives() { try job.store.holdfast("backup", "verify", archive).check() }
    }

    @Test("of forty days, it gets what forget would keep there; what is damaged or no archive is not copied")
    func policy() throws {
        let archive = try #require(run(job.job(), 1000)["sources"][0]["archive"].text)
        let script = """
            for day in $(seq 1 40); do cp "$1" "$2/$(date -u -d "2026-03-01 + $day days" +%Y%m%dT020000Z).tar.zst"; done
            truncate -s 50 "$2/20260410T020000Z.tar.zst"; cp "$1" "$2/notes.tar.zst"; rm "$1"
            """
        try Tool.script(script, archive, folder("backups")).check()
        let policy = "{keep-last: 2, keep-daily: 6, keep-weekly: 3, keep-monthly: 2}"
        let file = try job.job(to: "[{}/backups, {path: {}/second, retention: \(policy)}]")
        // That the newest one is damaged is told.
        let report = try run(file, 1500, status: 3)
        let judged = try JSON(
            parsing: job.store.holdfast(
                "backup", "forget", job("backups"), "--keep-last", "2", "--keep-daily", "6", "--keep-weekly", "3",
                "--keep-monthly", "2", "--dry-run", "--json"
            ).check().text)
        let kept = judged[0]["keep"].elements.compactMap { row in
            row["archive"].text?.split(separator: "/").last.map { String($0) }
        }
        #expect(kept.count > 5, "\(judged)")
        #expect(try names("second") == kept.sorted(), "\(report)")
        #expect(caughtUp(report) == [[kept.count - 1, kept.count - 1]])
    }

    @Test(
        "a full disk is a warning: today's archive is there, and the next run goes on",
        .enabled(if: Environment.isRoot, "cannot mount"))
    func fullDisk() throws {
        for size in [400_000, 1000] { _ = try run(job.job(), size) }
        let disk = try SmallDisk(at: job.store.directory.makeDirectory("small"), sizeKiB: 256)
        let file = try job.job("retention: {keep-last: 5}", to: "[{}/backups, {}/small]")
        let report = try run(file, 2000, status: 3)
        #expect(report["outcome"] == "warning" && report["sources"][0]["copies"][0]["error"].isNull)
        #expect(caughtUp(report) == [[2, 1]], "\(report)")
        let warning = try #require(report["warnings"][0].text)
        #expect(warning.contains("lacks older archives of") && warning.contains("No space left"), "\(warning)")
        #expect(try names("small") == names("backups").dropFirst().map { $0 } && job.leftovers("small").isEmpty)
        withExtendedLifetime(disk) {}
    }
}
