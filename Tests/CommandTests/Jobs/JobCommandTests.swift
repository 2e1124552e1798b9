import TestSupport
import Testing

/// Goal: jobs are found, checked, listed and installed as their help says. Method: the built binary, and what it leaves on disk.
@Suite("Commands on jobs") struct JobCommandTests {
    private let job: JobFixture

    init() throws { job = try JobFixture() }

    /// A directory of job files with jobs `a`, `b` and `c`.
    private func directory() throws -> [String: String] {
        try job.store.directory.makeDirectory("jobs.d")
        try job.file(
            "jobs:\n  a: {sources: \"dir:{}/data\", to: {}/backups, schedule: 30 3 * * *}\n"
                + "  b: {sources: \"dir:{}/data\", to: {}/backups}\n", "jobs.d/two.yaml")
        try job.file("sources: \"dir:{}/data\"\nto: {}/backups\nschedule: \"Mon 04:00\"\n", "jobs.d/c.yml")
        try job.file("no job file", "jobs.d/README")
        return ["HOLDFAST_JOBS": job("jobs.d"), "TZ": "UTC"]
    }

    @Test("a job is run by its name, out of the directory or out of a file")
    func names() throws {
        let environment = try directory()
        let holdfast = job.store.holdfast
        let found = try JSON(
            parsing: holdfast("job", "run", "c", "a", "--json", environment: environment).check().text)
        #expect(found.elements.map { $0["job"].text } == ["c", "a"])
        let file = job("jobs.d/two.yaml")
        let named = try JSON(parsing: holdfast("job", "run", file, "b", "--json").check().text)
        #expect(named.elements.map { $0["job"].text } == ["b"])
        let byOption = try JSON(parsing: holdfast("job", "run", "--file", file, "a", "--json").check().text)
        #expect(byOption.elements.map { $0["job"].text } == ["a"])
        #expect(try holdfast("job", "run", file, "aa").check(4).errorText.contains("did you mean 'a'?"))
        #expect(
            try holdfast("job", "run", "d", environment: environment).check(4).errorText.contains("there is no job 'd'")
        )
        try holdfast("job", "run", environment: environment).check(2)
        try holdfast("job", "run", job("missing.yaml")).check(4)
        try job.file("jobs:\n  a: {sources: x, to: /b}", "jobs.d/z.yaml")
        #expect(try holdfast("job", "run", "a", environment: environment).check(5).errorText.contains("z.yaml"))
    }

    @Test("all mistakes of a file are told, nothing of it is run, and no secret is shown")
    func mistakes() throws {
        let file = try job.file(
            "jobs:\n  a: {sources: pg, to: backups, levle: 3}\n  b: {sources: \"dir:{}/data\", to: {}/b}\n")
        let lines = [
            "\(file):2:24: 'to' is 'backups'; an absolute path is expected, as in /srv/backups",
            "\(file):2:33: the job 'a' has no key 'levle'; did you mean 'level'?",
        ]
        let validated = try job.store.holdfast("job", "validate", file).check(2)
        #expect(validated.lines == lines && validated.errorText == "")
        let run = try job.store.holdfast("job", "run", file, "b").check(2)
        #expect(run.errorText.hasPrefix(lines.joined(separator: "\n") + "\nholdfast: there are 2 mistakes in"))
        #expect(try !job.exists("b"))
        let json = try JSON(parsing: job.store.holdfast("job", "validate", file, "--json").check(2).text)[0]
        #expect(json["valid"].boolean == false && json["faults"][1]["line"].integer == 2)
        #expect(json["faults"][1]["column"].integer == 33)
        let good = try job.store.holdfast("job", "validate", job.job()).check()
        #expect(good.text == "\(job("job.yaml")): no mistakes: n\n")
    }

    @Test(
        "what the host does not know is a mistake: a time zone, a calendar event, a key",
        .enabled(if: Tool.exists("systemd-analyze"), "systemd is not installed"))
    func surroundings() throws {
        let file = try job.job(
            "schedule: every day\ntimezone: Europe/Berlin\nretention: {keep-last: 1, tz: Berlin}\nrecipients: age1x")
        let lines = try job.store.holdfast("job", "validate", file).check(2).lines.map { $0.dropFirst(file.count) }
        #expect(lines.count == 3, "\(lines)")
        #expect(lines[0].hasPrefix(":4:11: 'schedule' is 'every day Europe/Berlin', which systemd does not understand"))
        #expect(lines[1].hasPrefix(":6:31: 'Berlin' is not a time zone that this host knows"))
        #expect(lines[2].hasPrefix(":7:13: this is not a public key of age"))
    }

    @Test("ls shows last success, last result, next run, size, duration and trend")
    func list() throws {
        let environment = try directory()
        let holdfast = job.store.holdfast
        let now = "2026-06-21T12:00:00Z"
        let fresh = try holdfast("job", "ls", "--now", now, environment: environment).check()
        #expect(fresh.lines[0].split(separator: " ").prefix(3) == ["JOB", "LAST", "SUCCESS"] && fresh.lines.count == 4)
        #expect(fresh.text.contains("never"))
        for size in [1000, 60_000, 140_000] {
            try job.data.file("a", SeededBytes.text(seed: 4, count: size))
            try holdfast("job", "run", "a", environment: environment).check()
        }
        try Tool.run("mv", job("data"), job("away")).check()
        try holdfast("job", "run", "a", environment: environment).check(1)
        let rows = try JSON(
            parsing: holdfast("job", "ls", "--json", "--now", now, environment: environment).check().text)
        let row = try #require(rows.elements.first { $0["name"] == "a" })
        #expect(row["lastResult"] == "failure" && row["nextRunAt"] == "2026-06-22T03:30:00Z")
        let history = try job.history("a")
        #expect(row["lastSuccessAt"] == history[2]["startedAt"] && row["lastRunAt"] == history[3]["startedAt"])
        let sizes = row["sizesBytes"].elements.compactMap(\.integer)
        #expect(sizes.count == 3 && row["sizeBytes"].integer == sizes.last)
        #expect(row["growthBytesPerRun"].integer == (sizes[2] - sizes[0]) / 2)
        #expect(row["failures"][0].text?.contains("data") == true)
        #expect(rows.elements.first { $0["name"] == "b" }?["nextRunAt"].isNull == true)
        let table = try holdfast("job", "ls", "--now", now, environment: environment).check().text
        #expect(table.contains("▁▄█ +") || table.contains("▁▃█ +"), "\(table)")
        if Tool.exists("systemd-analyze") {
            #expect(rows.elements.first { $0["name"] == "c" }?["nextRunAt"].text?.hasSuffix("T04:00:00Z") == true)
        }
    }

    @Test("install writes what starts the job; again is no harm; --uninstall removes it and nothing else")
    func install() throws {
        let environment = try directory()
        let units = try job.store.directory.makeDirectory("units")
        let other = try job.file("# of somebody else", "units/holdfast-job-c.timer")
        func run(_ arguments: String..., status: Int32 = 0) throws -> ProcessResult {
            try job.store.holdfast.run(
                ["job", "install", "--directory", units] + arguments, environment: environment
            ).check(status)
        }
        let dry = try run("a", "--dry-run").text
        #expect(dry.contains("# \(units)/holdfast-job-a.service\n# holdfast job a\n[Unit]"))
        #expect(try Tool.run("ls", units).check().lines == ["holdfast-job-c.timer"])
        for _ in 0..<2 {
            let result = try run("a")
            #expect(result.lines == ["\(units)/holdfast-job-a.service", "\(units)/holdfast-job-a.timer"])
            #expect(result.errorText.contains("systemctl enable --now holdfast-job-a.timer"))
        }
        #expect(try run("c", status: 5).errorText.contains("is not a file of the job 'c'"))
        #expect(try run("b", status: 2).errorText.contains("has no schedule"))
        #expect(try run("a", "--cron").lines == ["\(units)/holdfast-job-a"])
        let line = try #require(try Tool.run("cat", "\(units)/holdfast-job-a").check().lines.last)
        #expect(
            line.hasPrefix("30 3 * * * root ")
                && line.hasSuffix(" job run --root \(job("store")) \(job("jobs.d/two.yaml")) a"))
        // Debian's cron can say whether it understands a file.
        if Tool.exists("crontab"), try Tool.run("crontab", "-h").errorText.contains("-n") {
            try Tool.run("crontab", "-n", "\(units)/holdfast-job-a").check()
        }
        // What cron would start, as it would.
        try Tool.run("sh", "-c", String(line.dropFirst("30 3 * * * root ".count))).check()
        #expect(try job.archives().count == 1)
        #expect(
            try run("a", "--uninstall").lines == ["\(units)/holdfast-job-a.service", "\(units)/holdfast-job-a.timer"])
        _ = try run("a", "--uninstall")
        _ = try run("c", "--uninstall", status: 5)
        #expect(try Tool.run("ls", units).check().lines == ["holdfast-job-a", "holdfast-job-c.timer"])
        #expect(try run("a", "--uninstall", "--cron").lines == ["\(units)/holdfast-job-a"])
        #expect(try Tool.run("cat", other).check().text == "# of somebody else")
    }

    @Test(
        "systemd enables the timers that are installed, and takes from them the next run that job ls shows",
        .enabled(if: Tool.exists("systemctl") && Tool.exists("systemd-analyze"), "systemd is not installed"),
        arguments: [
            ("schedule: 30 3 * * *", 1), ("schedule: \"0 4 13 * fri\"\ntimezone: Europe/Berlin", 2),
            ("schedule: \"Mon..Fri *-*-* 02:15\"\nsplay: 20m", 1),
        ])
    func enable(_ schedule: String, events: Int) throws {
        let units = try job.store.directory.makeDirectory("host/etc/systemd/system")
        let file = try job.job(schedule)
        try job.store.holdfast("job", "install", file, "--directory", units).check()
        func control(_ words: String...) throws -> ProcessResult {
            try Tool.run(["systemctl", "--root=\(job("host"))"] + words)
        }
        try control("enable", "holdfast-job-n.timer").check()
        let link = "\(units)/timers.target.wants/holdfast-job-n.timer"
        #expect(try Tool.run("readlink", link).check().text == "/etc/systemd/system/holdfast-job-n.timer\n")
        #expect(try control("is-enabled", "holdfast-job-n.timer").check().text == "enabled\n")
        // The service has nothing to be enabled: only the timer starts it.
        #expect(try control("is-enabled", "holdfast-job-n.service").text == "static\n")
        let lines = try Tool.run("cat", "\(units)/holdfast-job-n.timer").check().lines
        let calendar = lines.filter { $0.hasPrefix("OnCalendar=") }.map { String($0.dropFirst(11)) }
        #expect(calendar.count == events)
        let next = try calendar.map { event in
            let result = try Tool.run(
                "systemd-analyze", "calendar", "--base-time=2026-06-21 12:00:00 UTC", event, environment: ["TZ": "UTC"])
            let line = try #require(result.check().lines.first { $0.contains("Next elapse:") })
            let words = line.split(separator: " ")
            return "\(words[words.count - 3])T\(words[words.count - 2])Z"
        }
        let rows = try JSON(
            parsing: job.store.holdfast(
                "job", "ls", file, "--json", "--now", "2026-06-21T12:00:00Z", environment: ["TZ": "UTC"]
            ).check().text)
        #expect(rows[0]["nextRunAt"].text == next.min(), "\(next)")
        try control("disable", "holdfast-job-n.timer").check()
        #expect(try Tool.run("find", units, "-type", "l").check().output.isEmpty)
        try job.store.holdfast("job", "install", file, "--directory", units, "--uninstall").check()
        #expect(try Tool.run("find", units, "-type", "f").check().output.isEmpty)
    }

    @Test("install --init-destination marks the destinations")
    func installMarks() throws {
        let units = try job.store.directory.makeDirectory("units")
        let file = try job.job("schedule: \"@daily\"", to: "{path: {}/backups, marker: MARK}")
        try job.store.holdfast("job", "install", file, "--directory", units, "--init-destination").check()
        #expect(try job.exists("backups/MARK"))
    }

    @Test("a store can be made where only jobs have run, and a check of it finds nothing")
    func laterStore() throws {
        _ = try job.report(job.job())
        #expect(try job.exists("store/jobs/n") && !job.exists("store/catalog.sqlite"))
        try job.store.makeVolume("v").file("f", "x")
        try job.store.holdfast("check").check()
        _ = try job.report(job.job())
        #expect(try job.history().count == 2)
    }

    @Test("backup create keeps to a limit of its own")
    func createLimits() throws {
        try job.data.file("large", SeededBytes.text(seed: 5, count: 1_500_000))
        let arguments = [
            "backup", "create", job.source, "--to", job("b"), "--limit-read", "1MiB", "--limit-write", "100MiB/s",
        ]
        let result = try job.store.holdfast.run(arguments + ["--json"]).check()
        #expect(try JSON(parsing: result.text)[0]["entries"].integer == 5)
        try job.store.holdfast.run(arguments.dropLast() + ["0"]).check(2)
    }
}
