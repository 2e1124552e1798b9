import Jobs
import StorageModel
import TestSupport
import Testing

/// Goal: what is installed starts the job and nothing else, whatever the paths are. Method: the words that systemd and a shell
/// make of the lines, and systemd's own check of the units.
@Suite("Files that start jobs") struct JobInstallationTests {
    static let hostile = [
        "/srv/plain.yaml", "/srv/my jobs/a.yaml", "/srv/a%b%n.yaml", "/srv/$HOME ${x}.yaml", "/srv/\"q\" 'r'.yaml",
        "/srv/a;b&c|d>e.yaml", "/srv/`id` $(id).yaml", "/srv/ümläut.yaml", "/srv/# no comment.yaml", "/srv/-x.yaml",
    ]

    private static func job(_ schedule: JobSchedule?, splay: Int64 = 0) throws -> Job {
        var job = Job(
            name: try JobName("nightly"), sources: [.named(.directory("/etc"))],
            destinations: [JobDestination(path: "/srv/backups")])
        job.schedule = schedule
        job.splaySeconds = splay
        return job
    }

    private static func cron(_ text: String) throws -> JobSchedule {
        JobSchedule(.cron(try CronExpression(parsing: text)))
    }

    private static func installation(_ file: String, splay: Int64 = 0) throws -> JobInstallation {
        JobInstallation(
            job: try job(cron("30 3 * * 1"), splay: splay), program: "/bin/true", file: file, root: "/var/lib/holdfast")
    }

    @Test("a line of cron runs just these words", arguments: hostile)
    func cronLine(_ path: String) throws {
        let text = try #require(try Self.installation(path, splay: 60).files(.cron).first?.text)
        let line = try #require(text.split(separator: "\n").last)
        let fields = line.split(separator: " ", maxSplits: 6)
        #expect(fields.prefix(6) == ["30", "3", "*", "*", "1", "root"])
        // What cron does before the shell gets it: a backslash before a per cent sign goes.
        #expect(!fields[6].replacing("\\%", with: "").contains("%"))
        let words = try Tool.run(
            "sh", "-c", "printf '%s\\n' " + fields[6].replacing("\\%", with: "%")
        ).check().text
        #expect(words == "/bin/true\njob\nrun\n--splay\n60s\n--root\n/var/lib/holdfast\n\(path)\nnightly\n")
    }

    @Test(
        "units are right for systemd, and start just these words",
        .enabled(if: Tool.exists("systemd-analyze"), "systemd is not installed"))
    func units() throws {
        let folder = try TemporaryDirectory("units")
        for (index, path) in Self.hostile.enumerated() {
            for file in try Self.installation(path, splay: 90).files(.systemd) {
                let target = folder("\(index)/\(file.name)")
                try folder.makeDirectory("\(index)")
                try Tool.run("install", "-m", "644", "/dev/stdin", target, input: .bytes(Array(file.text.utf8))).check()
                let result = try Tool.run("systemd-analyze", "verify", "--man=no", target)
                #expect(result.status == 0 && !result.errorText.contains(file.name), "\(result)")
            }
        }
        let timer = try Self.installation("/srv/a.yaml", splay: 90).files(.systemd)[1].text
        for line in ["OnCalendar=Mon *-*-* 03:30:00", "Persistent=true", "RandomizedDelaySec=90s"] {
            #expect(timer.contains("\n\(line)\n"), "\(timer)")
        }
    }

    @Test("a word of a unit has nothing in it that systemd replaces")
    func quoting() throws {
        let service = try Self.installation("/srv/a b%c$d\"e\\f.yaml").files(.systemd)[0].text
        #expect(service.contains("\"/srv/a b%%c$$d\\\"e\\\\f.yaml\" \"nightly\"\n"))
    }

    @Test("what cannot be installed is refused")
    func refused() throws {
        let without = JobInstallation(job: try Self.job(nil), program: "/p", file: "/f", root: "/r")
        let calendar = JobInstallation(
            job: try Self.job(JobSchedule(.calendar("Mon 03:00"))), program: "/p", file: "/f", root: "/r")
        let zoned = JobInstallation(
            job: try Self.job(JobSchedule(.cron(CronExpression(parsing: "@daily")), zoneName: "Asia/Tokyo")),
            program: "/p",
            file: "/f", root: "/r")
        #expect(throws: StorageError.self) { try without.files(.systemd) }
        for installation in [calendar, zoned] {
            #expect(throws: StorageError.self) { try installation.files(.cron) }
            #expect(try installation.files(.systemd).count == 2)
        }
        for path in ["/srv/a\nb.yaml", "/srv/a\u{1b}.yaml"] {
            #expect(throws: StorageError.self) { try Self.installation(path).files(.systemd) }
        }
        #expect(throws: StorageError.self) { try Self.installation("/srv/back\\slash").files(.cron) }
    }
}
