import TestSupport
import Testing

/// Goal: the history tells how sources grew, whatever happens to clock, disk and other processes. Method: the built binary; times
/// are moved into the past in the catalog by sqlite3.
@Suite("usage history and usage diff") struct UsageHistoryCommandTests {
    private let fixture: StoreFixture
    private let source: String

    init() throws {
        fixture = try StoreFixture("usage-history")
        source = "dir:" + (try fixture.directory.makeDirectory("data"))
        try fixture.holdfast("volume", "ls").check()
    }

    private func scan() throws { try fixture.holdfast("usage", "alert", "-c", "~:", source).check() }

    /// Moves all samples by so many hours into the past.
    private func age(hours: Int) throws {
        try sqlite("UPDATE usage_samples SET scanned_at_ns = scanned_at_ns - \(hours) * 3600000000000")
    }

    @discardableResult
    private func sqlite(_ statements: String) throws -> String {
        try Tool.run("sqlite3", "-cmd", ".timeout 5000", fixture("store/catalog.sqlite"), statements).check().text
    }

    private func write(_ name: String, kibibytes: Int) throws {
        try Tool.script(
            "mkdir -p \"$(dirname \"$1\")\" && head -c \(kibibytes)K /dev/urandom > \"$1\"", fixture("data/\(name)")
        ).check()
    }

    @Test("help has examples and the exit statuses", arguments: ["history", "diff"])
    func help(command: String) throws {
        let result = try fixture.holdfast("usage", command, "--help").check()
        #expect(result.text.contains("EXAMPLES:\n  ") && result.text.contains("130  interrupted"))
    }

    @Test("samples become a table with a line, growth and days, and JSON with integers")
    func history() throws {
        for step in 1...6 {
            try write("file\(step)", kibibytes: 1024)
            try scan()
            try age(hours: 12)
        }
        let series = try JSON(parsing: fixture.holdfast("usage", "history", "--json").check().text)[0]
        #expect(series["source"] == source)
        #expect(series["samples"].elements.count == 6)
        let growth = try #require(series["trend"]["growthBytesPerDay"].integer)
        #expect(abs(growth - 2 << 20) < 100_000, "\(growth)")
        #expect(series["samples"][5]["files"].integer == 6)
        #expect(series["samples"][0]["fileSystemAvailableBytes"].integer != nil)
        let table = try fixture.holdfast("usage", "history", source).check()
        #expect(table.lines.count == 2 && table.text.contains("▁▂▄▅▇█"), "\(table)")
        #expect(
            try fixture.holdfast("usage", "history", source, "--since", "30h").check().text.contains("fewer than 4"))
    }

    @Test("every scan is in the history, and --max-age answers with the last one as long as it is young enough")
    func remembered() throws {
        func usage(_ options: String...) throws -> JSON {
            try JSON(parsing: fixture.holdfast.run(["usage", source, "--json"] + options).check().text)[0]
        }
        func samples() throws -> Int {
            try JSON(parsing: fixture.holdfast("usage", "history", "--json").check().text)[0]["samples"].elements.count
        }
        try write("first", kibibytes: 100)
        let first = try usage("--max-age", "1h")
        #expect(first["remembered"].boolean == false)
        try write("second", kibibytes: 100)
        let again = try usage("--max-age", "1h")
        #expect(again["remembered"].boolean == true && again["scannedAt"] == first["scannedAt"])
        #expect(again["allocatedBytes"].integer == first["allocatedBytes"].integer)
        #expect(try samples() == 1)
        try age(hours: 2)
        let later = try usage("--max-age", "1h")
        #expect(later["remembered"].boolean == false && later["files"].integer == 2)
        _ = try usage("--no-history")
        #expect(try samples() == 2)
        #expect(try fixture.holdfast("usage", source, "--max-age", "1h", "--top", "3").status == 2)
        #expect(try fixture.holdfast("usage", source, "--max-age", "soon").status == 2)
    }

    @Test("a first diff records its scan for the next one")
    func firstDifference() throws {
        try write("a/first", kibibytes: 100)
        #expect(try fixture.holdfast("usage", "diff", source).status == 4)
        try write("a/second", kibibytes: 100)
        let table = try fixture.holdfast("usage", "diff", source).check()
        #expect(table.text.contains("100KiB") && table.text.contains(" a"), "\(table)")
    }

    @Test("a page and metrics beside the table, to files and to standard output")
    func pictures() throws {
        try write("a/file", kibibytes: 100)
        try fixture.holdfast(
            "usage", source, "--html", fixture("page.html"), "--svg", fixture("map.svg"), "--openmetrics",
            fixture("usage.prom")
        ).check()
        #expect(
            try Tool.script("stat -c %a page.html map.svg usage.prom | tr '\\n' ' '", in: fixture("."))
                .check().text == "600 600 644 ")
        #expect(try Tool.run("grep", "-c", "<svg", fixture("page.html")).check().status == 0)
        let page = try fixture.holdfast("usage", source, "--svg", "-").check()
        #expect(page.text.hasPrefix("<svg") || page.text.hasPrefix("<?xml"))
        #expect(try fixture.holdfast("usage", source, "--svg", "-", "--json").status == 2)
        #expect(try fixture.holdfast("usage", source, "--html", fixture("none/page.html")).status == 4)
    }

    @Test("a source without history is not found, and others are told all the same")
    func missing() throws {
        try scan()
        let result = try fixture.holdfast("usage", "history", source, "dir:/never")
        #expect(result.status == 4 && result.lines.count == 2, "\(result)")
        #expect(result.errorText.contains("dir:/never"))
        #expect(try fixture.holdfast("usage", "history", "--since", "soon").status == 2)
    }

    @Test("a clock that went back is flagged and left out")
    func clock() throws {
        for _ in 1...5 {
            try scan()
            try age(hours: 24)
        }
        try sqlite("UPDATE usage_samples SET scanned_at_ns = 1000000000 WHERE id = (SELECT max(id) FROM usage_samples)")
        let series = try JSON(
            parsing: fixture.holdfast("usage", "history", "--since", "1970-01-01", "--json").check().text)[0]
        #expect(series["samples"][0]["outOfOrder"].boolean == true)
        #expect(series["samples"].elements.filter { $0["outOfOrder"].boolean == true }.count == 1)
        #expect(series["trend"]["samples"].integer == 4)
    }

    @Test("a diff names the directories that grew, appeared and vanished since then")
    func diff() throws {
        try write("kept/a", kibibytes: 64)
        try write("old/b", kibibytes: 256)
        let early = try fixture.holdfast("usage", "diff", source, "--no-history")
        #expect(early.status == 4, "nothing to compare with")
        try scan()
        try age(hours: 48)
        try write("kept/deep/c", kibibytes: 64)
        try scan()
        try age(hours: 24)
        try write("kept/deep/c", kibibytes: 2048)
        try write("new\nline/d", kibibytes: 1024)
        try Tool.run("rm", "-r", fixture("data/old")).check()
        let last = try JSON(parsing: fixture.holdfast("usage", "diff", source, "--json", "--no-history").check().text)
        let kinds = last["changes"].elements.map { "\($0["kind"].text ?? "") \($0["path"].text ?? "")" }
        #expect(Set(kinds) == ["grew kept/deep", "appeared new\nline", "vanished old", "grew ."])
        let first = try JSON(
            parsing: fixture.holdfast("usage", "diff", source, "--since", "60h", "--json", "--no-history").check().text)
        #expect(first["changes"].elements.contains { $0["kind"] == "appeared" && $0["path"] == "kept/deep" })
        let table = try fixture.holdfast("usage", "diff", source, "--top", "2").check()
        #expect(
            table.lines.count == 4 && table.text.contains("kept/deep") && table.text.contains("+1.9MiB"), "\(table)")
        #expect(try sqlite("SELECT count(*) FROM usage_samples") == "3\n", "the scan of the diff is kept")
    }

    @Test("volumes have a history too, which follows their name")
    func volumes() throws {
        _ = try fixture.makeVolume("pg")
        try fixture.holdfast("usage", "alert", "-c", "~:", "pg").check()
        try fixture.holdfast("volume", "rename", "pg", "db").check()
        #expect(try fixture.holdfast("usage", "history", "db").check().text.contains("holdfast:db"))
        try fixture.holdfast("volume", "rm", "db").check()
        #expect(try fixture.holdfast("usage", "history", "db").status == 4)
    }

    @Test("several processes write the history at once, and nothing is lost")
    func contention() throws {
        let arguments = ["usage", "alert", "-c", "~:", source].map { Array($0.utf8) }
        for _ in 0..<3 {
            let running = try (0..<4).map { _ in try fixture.holdfast.start(arguments) }
            for process in running { try process.wait().check() }
        }
        #expect(try sqlite("SELECT count(*) FROM usage_samples; PRAGMA integrity_check") == "12\nok\n")
    }

    @Test("killed at any time, the history is whole, and keeps what was acknowledged")
    func killed() throws {
        for step in 0..<40 {
            let before = Int(try sqlite("SELECT count(*) FROM usage_samples").dropLast()) ?? 0
            let script = "timeout -s KILL \"$1\" \"$2\" usage alert -c ~: \"$3\"; echo $?"
            let milliseconds = String(1000 + step * 4).dropFirst()
            let delay = "0.\(milliseconds)"
            let result = try Tool.run(
                ["bash", "-c", script, "script", delay, CommandRunner.binary, source],
                environment: ["HOLDFAST_ROOT": fixture("store")])
            let after = Int(try sqlite("SELECT count(*) FROM usage_samples").dropLast()) ?? 0
            #expect((0...1).contains(after - before))
            if result.lines.last == "0" { #expect(after == before + 1) }
        }
        #expect(try sqlite("PRAGMA integrity_check; PRAGMA foreign_key_check") == "ok\n")
        try fixture.holdfast("check").check()
    }

    @Test("on a full disk the report is printed, with a warning", .enabled(if: Environment.isRoot))
    func fullDisk() throws {
        let disk = try SmallDisk(at: fixture.directory.makeDirectory("disk"), sizeKiB: 3000)
        let holdfast = CommandRunner(root: disk.path + "/store")
        try holdfast("volume", "ls").check()
        for index in 0..<600 { try write("d\(index)-with-a-name-that-takes-some-space/f", kibibytes: 1) }
        try holdfast("usage", "alert", "-c", "~:", source).check()
        _ = try Tool.run("dd", "if=/dev/zero", "of=\(disk.path)/fill", "bs=4k")
        var statuses: Set<Int32> = []
        for _ in 0..<30 {
            let result = try holdfast("usage", "diff", source)
            statuses.insert(result.status)
            #expect(result.lines.count >= 1 && result.text.contains("data: "), "\(result)")
            if result.status == 3 { #expect(result.errorText.contains("the history was not kept")) }
        }
        #expect(statuses.isSubset(of: [0, 3]) && statuses.contains(3), "\(statuses)")
        try Tool.run("rm", disk.path + "/fill").check()
        #expect(try holdfast("usage", "diff", source).status == 0)
    }

    @Test("in a read-only store the report is printed, with a warning", .enabled(if: Environment.isRoot))
    func readOnly() throws {
        let disk = try SmallDisk(at: fixture.directory.makeDirectory("disk"), sizeKiB: 3000)
        let holdfast = CommandRunner(root: disk.path + "/store")
        try holdfast("volume", "ls").check()
        try holdfast("usage", "alert", "-c", "~:", source).check()
        try disk.setReadOnly(true)
        let result = try holdfast("usage", "diff", source)
        #expect(result.status == 3 && result.lines.count == 1, "\(result)")
        #expect(result.errorText.contains("the history was not kept"), "\(result)")
        #expect(try holdfast("usage", "history", source).status == 0)
    }
}
