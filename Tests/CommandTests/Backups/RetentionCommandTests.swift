import TestSupport
import Testing

/// Goal: `backup forget|policy|status` decide as promised, and remove nothing else. Method: one archive under many names, and
/// the directory looked at afterwards.
@Suite("retention commands") struct RetentionCommandTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("retention") }

    /// A destination `b` with an archive of the volume `name` for each time.
    private func makeArchives(_ name: String, _ times: [String], tags: [String] = []) throws {
        _ = try store.makeVolume(name)
        let options = tags.flatMap { ["--tag", $0] }
        let made = try store.holdfast.run(["backup", "create", name, "--to", store("\(name).tar.zst")] + options)
            .check()
        let folder = try store.directory.makeDirectory("b/holdfast/\(name)")
        for time in times { try Tool.run("cp", made.lines[0], "\(folder)/\(time).tar.zst").check() }
    }

    private func forget(_ arguments: String...) throws -> ProcessResult {
        try store.holdfast.run(["backup", "forget", store("b")] + arguments)
    }

    private func files() throws -> [String] {
        try Tool.run("find", store("b"), "-type", "f", "-printf", "%P\n").check().lines.sorted()
    }

    @Test("each source is thinned out by itself, and every archive has its reasons")
    func groups() throws {
        try makeArchives("a", ["20240101T000000Z", "20240102T000000Z", "20240102T100000Z"])
        try makeArchives("b", ["20200101T000000Z"])
        let report = try JSON(parsing: forget("--keep-daily", "1", "--json").check().text)
        #expect(report.elements.map { $0["source"].text } == ["holdfast:a", "holdfast:b"])
        #expect(report[0]["keep"].elements.count == 1)
        #expect(report[0]["keep"][0]["archive"].text == store("b/holdfast/a/20240102T100000Z.tar.zst"))
        #expect(report[0]["keep"][0]["reasons"].elements.map(\.text) == ["daily snapshot"])
        #expect(
            report[0]["remove"].elements.map { $0["time"].text } == ["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"])
        let sizes = report[0]["remove"].elements.compactMap { $0["archiveBytes"].integer }
        #expect(report[0]["freedBytes"].integer == sizes.reduce(0, +))
        #expect(try files() == ["holdfast/a/20240102T100000Z.tar.zst", "holdfast/b/20200101T000000Z.tar.zst"])
    }

    @Test("a dry run says the same and removes nothing; a named source is the only one touched")
    func dryRun() throws {
        for name in ["a", "b"] { try makeArchives(name, ["20240101T000000Z", "20240102T000000Z"]) }
        let before = try files()
        let dry = try forget("--keep-last", "1", "--dry-run", "--json").check().text
        #expect(try files() == before)
        #expect(try forget("nothing", "--keep-last", "1").status == 4)
        #expect(try files() == before)
        try forget("b", "--keep-last", "1").check()
        #expect(try files() == before.filter { !$0.hasSuffix("b/20240101T000000Z.tar.zst") })
        try forget("--keep-last", "1").check()
        #expect(try JSON(parsing: dry)[0]["remove"][0]["archive"].text?.hasSuffix("a/20240101T000000Z.tar.zst") == true)
        #expect(try files().count == 2)
    }

    @Test("files that are not archives, lie elsewhere or are named otherwise are neither counted nor touched")
    func others() throws {
        try makeArchives("a", ["20240101T000000Z", "20240102T000000Z", "20240101T000000Z-1"])
        let builder = try TreeBuilder(store("b"))
        let strangers = [
            "holdfast/a/20230101T000000Z.tar.zst", "holdfast/a/notes.txt", "holdfast/a/.holdfast-0123.partial",
            "20230101T000000Z.tar.zst", "holdfast/20230101T000000Z.tar.zst", "holdfast/a/20231301T000000Z.tar.zst",
            "holdfast/a/20230101T000000Z-0.tar.zst", "holdfast/a/20230101T000000Z.tar.zst.bak",
            "x/a/20230101T000000Z.tar.zst",
        ]
        try builder.directory("x")
        try builder.directory("x/a")
        for name in strangers { try builder.file(name, "not an archive") }
        try builder.file("holdfast/a/20230601T000000Z.tar.zst.age", "age-encryption.org/v1")
        let result = try forget("--keep-last", "1").check()
        #expect(result.errorText.contains("20230101T000000Z.tar.zst"), "what was left alone is told")
        #expect(try files() == (strangers + ["holdfast/a/20240102T000000Z.tar.zst"]).sorted())
    }

    @Test("the last archive of a source is never removed, and without rules none is")
    func refusals() throws {
        try makeArchives("a", ["20240101T000000Z", "20240102T000000Z"])
        let before = try files()
        #expect(try forget("--keep-tag", "nobody").status == 5)
        for arguments in [
            [], ["--keep-last", "0"], ["--keep-last", "-2"], ["--keep-daily", "many"], ["--keep-within", "2w"],
            ["--keep-within", ""], ["--keep-last", "1", "--tz", "Nowhere/Town"],
            ["--keep-last", "1", "--tz", "../passwd"],
            ["--keep-last", "1", "--now", "soon"],
        ] {
            let result = try store.holdfast.run(["backup", "forget", store("b")] + arguments)
            #expect(result.status == 2, "\(result)")
        }
        #expect(try store.holdfast("backup", "forget", store("none"), "--keep-last", "1").status == 4)
        #expect(try forget("--keep-daily", "-1", "--keep-hourly", "unlimited").status == 0)
        #expect(try files() == before)
    }

    @Test("tags are written into archives, listed, and keep them; archives without tags stay readable")
    func tags() throws {
        try makeArchives("a", ["20240101T000000Z"], tags: ["upgrade", "big"])
        try makeArchives("plain", ["20240105T000000Z"])
        let folder = store("b/holdfast")
        try Tool.run("cp", "\(folder)/plain/20240105T000000Z.tar.zst", "\(folder)/a/").check()
        try Tool.run("cp", "\(folder)/plain/20240105T000000Z.tar.zst", "\(folder)/a/20240103T000000Z.tar.zst").check()
        let rows = try JSON(parsing: store.holdfast("backup", "ls", "\(folder)/a", "--json").check().text).elements
        #expect(Set(rows.map { $0["tags"].elements.compactMap(\.text) }) == [[], ["big", "upgrade"]])
        for row in rows { try store.holdfast("backup", "verify", row["archive"].text ?? "").check() }
        let report = try JSON(
            parsing: forget("a", "--keep-tag", "big, upgrade", "--keep-last", "1", "--json").check().text)
        #expect(report[0]["keep"][1]["reasons"].elements.map(\.text) == ["has tags [big, upgrade]"])
        #expect(report[0]["remove"].elements.count == 1)
        #expect(try store.holdfast("backup", "create", "a", "--to", store("c"), "--tag", "a,b").status == 2)
    }

    @Test(
        "an archive that cannot be removed is told, and the status is 3",
        .enabled(if: Environment.isRoot, "needs chattr"))
    func irremovable() throws {
        try makeArchives("a", ["20240101T000000Z", "20240102T000000Z", "20240103T000000Z"])
        let stuck = store("b/holdfast/a/20240101T000000Z.tar.zst")
        guard try Tool.run("chattr", "+i", stuck).status == 0 else { return }
        defer { _ = try? Tool.run("chattr", "-i", stuck) }
        let result = try forget("--keep-last", "1")
        #expect(result.status == 3, "\(result)")
        #expect(result.errorText.contains(stuck))
        #expect(try files().count == 2)
    }

    @Test("status fails for what is too old, missing, damaged or of the future")
    func status() throws {
        try makeArchives("a", ["20240101T000000Z", "20240102T000000Z"])
        let check = { (arguments: [String]) in
            try store.holdfast.run(["backup", "status", store("b"), "--now", "2024-01-02T12:00:00Z"] + arguments)
        }
        let fresh = try JSON(parsing: check(["--max-age", "12h", "--json"]).check().text)
        #expect(fresh[0]["ageSeconds"].integer == 43_200)
        #expect(fresh[0]["archive"].text == store("b/holdfast/a/20240102T000000Z.tar.zst"))
        #expect(fresh[0]["state"] == "fresh")
        let stale = try check(["--max-age", "11h"])
        #expect(stale.status == 1 && stale.errorText.contains("holdfast:a"))
        let missing = try check(["a", "docker:www", "--max-age", "12h"])
        #expect(missing.status == 1 && missing.errorText.contains("docker:www"))
        #expect(try check(["--max-age", "soon"]).status == 2)
        // A later archive that is none, and one of next year, change nothing.
        try TreeBuilder(store("b")).file("holdfast/a/20240102T110000Z.tar.zst", "half")
        try Tool.run("cp", store("a.tar.zst"), store("b/holdfast/a/20250101T000000Z.tar.zst")).check()
        #expect(try JSON(parsing: check(["--max-age", "12h", "--json"]).check().text) == fresh)
        try store.directory.makeDirectory("empty")
        #expect(try store.holdfast("backup", "status", store("empty"), "--max-age", "1h").status == 1)
        #expect(try store.holdfast("backup", "status", store("none"), "--max-age", "1h").status == 4)
    }

    /// A policy, in which zone, the times, and which of them stay.
    @Test(
        "days are those of the zone, across the changes of the clocks",
        arguments: [
            ("", ["2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T22:30:00Z"], [0, 2]),
            ("Europe/Berlin", ["2026-03-28T23:30:00Z", "2026-03-29T00:30:00Z", "2026-03-29T22:30:00Z"], [1, 2, 0]),
            ("Europe/Berlin", ["2026-03-28T22:30:00Z", "2026-03-28T23:30:00Z", "2026-03-29T21:30:00Z"], [0, 2]),
            ("", ["2026-03-28T23:30:00-05:00", "2026-03-29T00:30:00-05:00"], [0, 1]),
            ("UTC", ["2026-03-28T23:30:00-05:00", "2026-03-29T00:30:00-05:00"], [0, 1]),
            ("America/New_York", ["2026-11-01T04:30:00Z", "2026-11-02T04:30:00Z"], [0, 1]),
        ])
    func zones(_ zone: String, _ times: [String], _ kept: [Int]) throws {
        let list = "[" + times.map { "{\"time\": \"\($0)\"}" }.joined(separator: ",") + "]"
        let arguments =
            ["backup", "policy", "--times", "-", "--keep-daily", "9"] + (zone.isEmpty ? [] : ["--tz", zone])
        let report = try JSON(parsing: store.holdfast.run(arguments, input: .bytes(Array(list.utf8))).check().text)
        #expect(Set(report["keep"].elements.map { $0["time"].text }) == Set(kept.map { times[$0] }))
    }

    @Test("a list of times that is none is refused", arguments: ["", "{}", "[1]", "[{}]", "[{\"time\": \"no\"}]"])
    func badTimes(_ list: String) throws {
        let result = try store.holdfast.run(
            ["backup", "policy", "--times", "-", "--keep-last", "1"], input: .bytes(Array(list.utf8)))
        #expect(result.status == 2 || result.status == 7, "\(result)")
    }
}
