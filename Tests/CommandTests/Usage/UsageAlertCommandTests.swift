import TestSupport
import Testing

/// Goal: `usage alert` is a plugin as monitoring systems expect it. Method: the built binary, and a parser of plugin output after
/// the guidelines, in Python.
@Suite("usage alert") struct UsageAlertCommandTests {
    private let fixture: StoreFixture
    private let source: String

    init() throws {
        fixture = try StoreFixture("usage-alert")
        source = "dir:" + (try fixture.directory.makeDirectory("data"))
    }

    /// The state, and label, value, unit, thresholds and bounds of each item of performance data.
    private static let oracle = #"""
        import re, sys
        lines = sys.stdin.read().split('\n')
        assert lines[-1] == ''
        head = lines[0]
        assert head.count('|') == 1 and all('|' not in line for line in lines[1:])
        assert re.match(r'(OK|WARNING|CRITICAL|UNKNOWN): ', head), head
        rest = head.split('|')[1].strip()
        rng = r'(?:@?(?:~|-?[\d.]+)?:?(?:-?[\d.]+)?)'
        item = re.compile(r"'((?:[^'=]|'')+)'=(-?[\d.]+)(B|%|s|)" + f";({rng});({rng});(-?[\\d.]*);(-?[\\d.]*)(?: |$)")
        while rest:
            match = item.match(rest)
            assert match, rest
            print('\t'.join(match.groups()))
            rest = rest[match.end():]
        """#

    private func performance(_ result: ProcessResult) throws -> [[String]] {
        let parsed = try Tool.run("python3", "-c", Self.oracle, input: .bytes(result.output)).check()
        return parsed.lines.map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    @Test("used space of the file system: states, and output that the guidelines' grammar reads")
    func used() throws {
        _ = try fixture.makeVolume("pg")
        for (arguments, status, word) in [
            (["-w", "100%", "-c", "100%"], Int32(0), "OK"), (["-w", "0:0%", "-c", "100"], 1, "WARNING"),
            (["-w", "0:0", "-c", "0:0%"], 2, "CRITICAL"), (["-c", "@0:100%"], 2, "CRITICAL"),
        ] as [([String], Int32, String)] {
            let result = try fixture.holdfast.run(["usage", "alert", "pg", source] + arguments)
            #expect(result.status == status && result.text.hasPrefix("\(word): "), "\(arguments) \(result)")
            let items = try performance(result)
            #expect(items.map(\.first) == ["pg", "pg_used", source, "\(source)_used"])
            #expect(items[0][2] == "B" && items[0][5] == "0" && (Int(items[0][6]) ?? 0) > 0)
            #expect(result.lines.count == 3 && result.errorOutput.isEmpty)
        }
        #expect(try fixture.holdfast("usage", "alert", "pg", "-w", "1kB").status == 1, "bytes, not per cent")
        let json = try JSON(parsing: fixture.holdfast("usage", "alert", "pg", "-c", "100%", "--json").check().text)
        #expect(json["state"] == "OK" && json["sources"][0]["checks"][0]["subject"] == "usedPercent")
    }

    @Test(
        "thresholds of the source's size are where its file system would come to them", .enabled(if: Environment.isRoot)
    )
    func sizes() throws {
        let disk = try SmallDisk(at: fixture.directory.makeDirectory("disk"), sizeKiB: 10_240)
        try Tool.script(
            "mkdir \"$1/d\"; head -c 3M /dev/zero > \"$1/d/f\"; head -c 2M /dev/zero > \"$1/other\"", disk.path
        ).check()
        let result = try fixture.holdfast("usage", "alert", "-w", "60%", "-c", "80%", "dir:\(disk.path)/d").check()
        let items = try performance(result)
        #expect(items[0][1] == "\(3 << 20)" && items[0][6] == "\(10 << 20)")
        #expect(items[0][3] == "\((6 << 20) - (2 << 20))" && items[0][4] == "\((8 << 20) - (2 << 20))")
        #expect(items[1][1] == "50" && items[1][3] == "60" && items[1][4] == "80")
        _ = try Tool.run("sh", "-c", "head -c 4M /dev/zero > '\(disk.path)/d/g'")
        #expect(try fixture.holdfast("usage", "alert", "-w", "60%", "-c", "80%", "dir:\(disk.path)/d").status == 2)
    }

    @Test(
        "whatever keeps it from an answer is UNKNOWN, with 3, on standard output",
        arguments: [
            (["--bad", "pg"], "--bad"), ([], "nothing to check"), (["pg"], "nothing to check"),
            (["--engine", "docker", "pg", "-w", "80%"], "--engine"),
            (["-w", "x", "pg"], "--warning 'x'"),
            (["-c", "90%:80%", "pg"], "--critical"), (["--growth", "5GiB", "pg"], "--growth"),
            (["--days-left", "7:x", "pg"], "--days-left"), (["--backup-age", "26h", "pg"], "--backups"),
            (["-c", "80%", "missing"], "missing"), (["-c", "80%", "dir:/nonexistent"], "/nonexistent"),
            (["-c", "80%", "bad/name"], "bad/name"),
            (["--backup-age", "26h", "--backups", "/nonexistent", "pg"], "/nonexistent"),
        ])
    func unknown(arguments: [String], expected: String) throws {
        _ = try fixture.makeVolume("pg")
        let result = try fixture.holdfast.run(["usage", "alert"] + arguments)
        #expect(result.status == 3, "\(result)")
        #expect(result.text.hasPrefix("UNKNOWN: ") && result.text.contains(expected), "\(result)")
        let json = try fixture.holdfast.run(["usage", "alert", "--json"] + arguments)
        #expect(json.status == 3)
        #expect(try JSON(parsing: json.text)["state"] == "UNKNOWN")
    }

    @Test("help is help, and names the statuses")
    func help() throws {
        let result = try fixture.holdfast("usage", "alert", "--help").check()
        #expect(result.text.contains("2  CRITICAL") && result.text.contains("EXAMPLES:"))
    }

    @Test("growth and days left come from the history; without one there is no alert")
    func growth() throws {
        try fixture.holdfast("volume", "ls").check()
        for step in 1...6 {
            try Tool.script("head -c 4M /dev/urandom > \"$1\"", fixture("data/\(step)")).check()
            let result = try fixture.holdfast("usage", "alert", "--growth", "1MiB/d:5MiB/d", "--days-left", "0", source)
            #expect(result.status == (step < 4 ? 0 : 2), "\(step): \(result)")
            try Tool.run(
                "sqlite3", fixture("store/catalog.sqlite"),
                "UPDATE usage_samples SET scanned_at_ns = scanned_at_ns - 43200000000000"
            ).check()
        }
        let result = try fixture.holdfast("usage", "alert", "--growth", "100MiB/d", "--max-age", "13h", source)
        #expect(result.status == 0)
        let items = try performance(result)
        let growth = try #require(Int(items[1][1]))
        #expect(items[1][0] == "\(source)_growth_per_day")
        #expect((7_340_032...9_437_184).contains(growth))
    }

    @Test("the age of backups, and that there are none")
    func backups() throws {
        _ = try fixture.makeVolume("pg")
        let folder = try fixture.directory.makeDirectory("backups")
        let arguments = ["usage", "alert", "--backup-age", "26h:50h", "--backups", folder, "pg"]
        #expect(try fixture.holdfast.run(arguments).status == 2)
        try fixture.holdfast("backup", "create", "pg", "--to", folder).check()
        #expect(try fixture.holdfast.run(arguments).status == 0)
    }

    @Test("without a source all volumes are meant, and without a place those of the job files, where one may be away")
    func jobPlaces() throws {
        _ = try fixture.makeVolume("pg")
        _ = try fixture.makeVolume("www")
        let jobs = try fixture.directory.makeDirectory("jobs")
        let place = try fixture.directory.makeDirectory("backups")
        let other = try fixture.directory.makeDirectory("other")
        let arguments = [
            "usage", "alert", "-w", "100%", "-c", "100%", "--days-left", "14:7", "--growth", "5GiB/d", "--backup-age",
            "26h:50h",
        ]
        func alert() throws -> ProcessResult {
            try fixture.holdfast.run(arguments, environment: ["HOLDFAST_JOBS": jobs])
        }
        let nowhere = try alert()
        #expect(nowhere.status == 3 && nowhere.text.contains("no job file of '\(jobs)'"))
        try Tool.script(
            "printf 'sources: [pg]\nto: [%s, %s/away, %s]\n' \"$2\" \"$2\" \"$3\" > \"$1/nightly.yaml\"", jobs, place,
            other
        ).check()
        try fixture.holdfast("backup", "create", "pg", "--to", other).check()
        let half = try alert()
        #expect(half.status == 2 && half.text.contains("OK pg") && half.text.contains("CRITICAL www"), "\(half)")
        try fixture.holdfast("backup", "create", "www", "--to", place).check()
        #expect(try alert().status == 0)
        try Tool.run("rm", "-r", place, other).check()
        #expect(try alert().status == 3, "no place can be read")
    }

    @Test("names with quotes, bars and line feeds do not break the line")
    func names() throws {
        let path = fixture("it's|a=b\nc")
        try Tool.run("mkdir", path).check()
        let result = try fixture.holdfast("usage", "alert", "-c", "100%", "dir:\(path)").check()
        #expect(try performance(result).count == 2)
    }
}
