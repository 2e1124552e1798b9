import Jobs
import StorageModel
import TestSupport
import Testing

/// Goal: every mistake in a job file is told, each in one line, where it is; nothing that may be a secret is shown; what is right is
/// read as it is meant. Method: tables of texts with the lines that must come.
@Suite("Reading job files") struct JobReaderTests {
    private static let surroundings = JobSurroundings(
        checkZone: { (name) throws(StorageError) in
            guard name == "Europe/Berlin" else {
                throw StorageError(.invalidInput, object: name, "'\(name)' is not a time zone", hint: "name one")
            }
        },
        checkRecipients: { (keys) throws(StorageError) in
            guard keys.allSatisfy({ $0.hasPrefix("age1") }) else { throw StorageError(.invalidInput, "no key") }
        })

    private static func read(_ text: String, file: String = "jobs.yaml") -> JobFileContent {
        JobReader.read(text, file: file, surroundings)
    }

    /// A mistake in an otherwise good job, and the line that tells of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let faults: [String]

        init(_ text: String, _ faults: String...) { (self.text, self.faults) = (text, faults) }

        var testDescription: String { String(text.prefix(60)) }
    }

    /// Behind `sources: [pg]`, `to: /b`, so that they begin in line 3.
    static let cases: [Case] = [
        Case("levle: 3", "3:1: the job has no key 'levle'; did you mean 'level'?"),
        Case("level: 20", "3:8: 'level' is '20'; a whole number from 1 to 19 is expected"),
        Case("level:", "3:1: 'level' has no value; give it one, or leave the key out"),
        Case("level: [1]", "3:8: 'level' is a list; a whole number from 1 to 19 is expected"),
        Case("threads: 0", "3:10: 'threads' is '0'; a whole number from 1 to 256 is expected"),
        Case(
            "consistency: freze",
            "3:14: 'consistency' is 'freze'; one of none, auto, freeze, snapshot is expected; did you mean 'freeze'?"),
        Case(
            "max-freeze: 2h",
            "3:13: 'max-freeze' is '2h'; a length of time as 90s, 10m or 2h, from 1 s to 3600 s, is expected"),
        Case(
            "skip-if-unchanged: yes\nlink-unchanged: yes",
            "4:17: 'link-unchanged' and 'skip-if-unchanged' exclude each other"),
        Case(
            "identity: /etc/key",
            "3:1: 'identity' opens encrypted archives; 'recipients' are expected beside it"),
        Case("skip-if-unchanged: maybe", "3:20: 'skip-if-unchanged' is 'maybe'; true or false is expected"),
        Case("paranoid: 101%", "3:11: 'paranoid' is '101%'; a share of 0% to 100% is expected"),
        Case("metrics: /x/y.txt", "3:10: 'metrics' is '/x/y.txt'; a file that ends in .prom is expected"),
        Case("metrics: y.prom", "3:10: 'metrics' is 'y.prom'; an absolute path is expected, as in /srv/backups"),
        Case(
            "tags: [a, 'b,c']",
            "3:11: 'b,c' is not a tag; a tag has 1 to 255 bytes, no comma, no control characters, and no blank at an end"
        ),
        Case("limits: {read: fast}", "3:16: 'read' is 'fast'; bytes a second as 50MiB is expected"),
        Case("limits: {io: idel}", "3:14: 'io' is 'idel'; one of idle, normal is expected; did you mean 'idle'?"),
        Case("limits: {nice: 20}", "3:16: 'nice' is '20'; a whole number from 0 to 19 is expected"),
        Case("limits: 50MiB", "3:9: 'limits' is a text; a mapping with read, write, io, nice is expected"),
        Case("hooks: {before: ['']}", "3:18: a hook has no command"),
        Case("hooks:\n  after:\n    - exec: db", "5:7: a hook has no 'run'; a command is expected"),
        Case(
            "hooks:\n  after:\n    - {exec: 'a b', run: x}",
            "5:7: 'a b' cannot be the name of a container"),
        Case("retention: {keep-dayly: 7}", "3:13: 'retention' has no key 'keep-dayly'; did you mean 'keep-daily'?"),
        Case("retention: {keep-daily: 0}", "3:12: 'retention' keeps nothing; a rule is expected, as in keep-daily: 7"),
        Case("retention: {keep-daily: -3}", "3:25: 'keep-daily' is '-3'; a whole number or unlimited is expected"),
        Case("retention: {keep-within: 2w}", "3:26: 'keep-within' is '2w'; a span as 1y2m3d4h is expected"),
        Case("retention: {keep-last: 1, tz: Berlin}", "3:31: 'Berlin' is not a time zone; name one"),
        Case(
            "schedule: 61 * * * *",
            "3:11: the minute '61' is not right; write 0 to 59, ranges from low to high, lists with commas, or *"),
        Case(
            "schedule: \"@dayly\"",
            "3:11: '@dayly' is not one of @annually, @daily, @hourly, @midnight, @monthly, "
                + "@weekly, @yearly; did you mean '@daily'?"),
        Case("timezone: Europe/Berlin", "1:1: the job has a 'timezone' and no 'schedule', which is expected with it"),
        Case("scrub: {}", "3:8: 'scrub' has no bound; 'budget' or 'max-time' is expected"),
        Case("scrub: {budget: lots}", "3:17: 'budget' is 'lots'; a size as 50GiB is expected"),
        Case(
            "notify: {on: never, command: x}",
            "3:14: 'on' is 'never'; one of success, warning, failure, always is expected"),
        Case(
            "notify: {command: x, url: https://h/x}",
            "3:9: a notification has 'command' and 'url' of command, url, url-file; one is expected"),
        Case("notify: {on: always}", "3:9: a notification has none of command, url, url-file; one is expected"),
        Case(
            "notify: {command: x, retries: 3}",
            "3:22: 'retries' is for a webhook; with 'command' it is not expected"),
        Case("notify: []", "3:9: 'notify' is an empty list; give it an element, or leave the key out"),
        Case(
            "recipients: age1abc\npassphrase-file: /p",
            "4:1: 'passphrase-file' does not go together with recipients; one of the two is expected"),
        Case(
            "recipients-file: keys",
            "3:18: 'recipients-file' is 'keys'; an absolute path is expected, as in "
                + "/srv/backups"),
    ]

    @Test("a mistake is told where it is", arguments: cases)
    func mistake(_ mistake: Case) {
        let content = Self.read("sources: [pg]\nto: /b\n\(mistake.text)\n")
        #expect(content.faults.map(\.description) == mistake.faults.map { "jobs.yaml:\($0)" })
    }

    static let files: [Case] = [
        Case("", "1:1: the file is empty; jobs are expected"),
        Case("# nothing\n", "1:1: the file is empty; jobs are expected"),
        Case("just text", "1:1: the file is a text; a mapping with 'jobs', or one job, is expected"),
        Case("jobs: []", "1:7: 'jobs' is a list; a mapping from names to jobs is expected"),
        Case("jobs: {}", "1:7: 'jobs' is empty; a job is expected"),
        Case(
            "jobs:\n  a: {sources: x, to: /b}\nother: 1", "3:1: the file has no key 'other'; the keys are jobs"),
        Case(
            "jobs:\n  'a b':\n    sources: x\n    to: /b",
            "2:3: 'a b' is not the name of a job; 1 to 64 letters, digits, '-' and '_', beginning with a letter or digit"
        ),
        Case("jobs:\n  a: text", "2:6: the job 'a' is a text; a mapping with \(keys) is expected"),
        Case(
            "jobs:\n  a: {}", "2:6: the job 'a' has no 'sources', which is expected",
            "2:6: the job 'a' has no 'to', which is expected"),
        Case(
            "jobs:\n  a: {sources: x, to: /b, metrics: /m.prom}\n  b: {sources: x, to: /b, metrics: /m.prom}",
            "3:3: the jobs 'a' and 'b' have the same 'metrics'; one file for each is expected"),
        Case("sources: x\nto: /b\nsources: y", "1:1: a mapping has the key 'sources' twice; keep one of the two"),
        Case("sources: [x\nto: /b", "2:3: this is not YAML: did not find expected ',' or ']'"),
        Case("sources: *nowhere\nto: /b", "1:10: this is not YAML: found undefined alias"),
        Case(
            "sources: [{}, {engine: lxc, all: true}, srv/data, 'ftp:x']\nto: [b, {mounted: true}, /c, /c]",
            "1:11: a source selects nothing; a name, 'all: true' or a 'filter' is expected",
            "1:24: 'engine' is 'lxc'; one of holdfast, docker, podman is expected",
            "1:41: 'srv/data' is a path, not the name of a volume; a directory is named dir:/absolute/path",
            "1:51: unknown kind 'ftp' of source or target; name a volume (NAME, docker:NAME or podman:NAME) or a directory "
                + "(dir:/absolute/path)",
            "2:6: 'to' is 'b'; an absolute path is expected, as in /srv/backups",
            "2:9: a destination has no 'path', which is expected", "2:30: 'to' names '/c' twice; once is expected"),
        Case("sources: {filter: color=red}\nto: /b\nname: n", "1:19: "),
    ]

    private static let keys =
        "sources, to, level, threads, consistency, max-freeze, hooks, recipients, recipients-file, passphrase-file, "
        + "identity, tags, retention, skip-if-unchanged, link-unchanged, paranoid, limits, scrub, notify, metrics, "
        + "schedule, timezone, splay, max-time"

    @Test("what is wrong with a file as a whole is told, all of it", arguments: files)
    func file(_ file: Case) {
        let found = Self.read(file.text).faults.map(\.description)
        #expect(found.count == file.faults.count, "\(found)")
        for (found, expected) in zip(found, file.faults) { #expect(found.hasPrefix("jobs.yaml:\(expected)")) }
    }

    @Test("no message shows what may be a secret")
    func secrets() {
        let secret = "AGE-SECRET-KEY-1QQQ"
        let texts = [
            "recipients: [\(secret)]", "passphrase: \(secret)", "passphrase-file: {x: \(secret)}",
            "notify: {url: 'ftp://h/\(secret)'}", "notify: {url: '//\(secret)', command: \(secret)}",
            "notify: {url: [\(secret)]}", "recipients: {\(secret.dropLast()): x}", "notify: {token: \(secret)}",
        ]
        for text in texts {
            let faults = Self.read("sources: [pg]\nto: /b\n\(text)\n").faults
            #expect(!faults.isEmpty, "\(text)")
            #expect(!faults.contains { $0.description.contains(secret) }, "\(faults)")
        }
    }

    @Test("a file that would fill the memory is refused")
    func bombs() {
        let deep = String(repeating: "[", count: 10_000)
        #expect(
            Self.read("sources: \(deep)").faults.map(\.description) == ["jobs.yaml:1:1: the file is nested too deeply"])
        let laughs = (1...9).reduce("x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n") { text, level in
            let list = (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
            return text + "x-\(level): &a\(level) [\(list)]\n"
        }
        #expect(Self.read(laughs).faults.contains { $0.reason.contains("too many values") })
    }

    @Test("everything that a job can say is read as it is meant")
    func everything() throws {
        let text = """
            x-common: &common
              level: 7
              tags: [nightly, prod]
            jobs:
              nightly:
                <<: *common
                sources:
                  - pg
                  - docker:www
                  - dir:/srv/my data
                  - {all: true, engine: podman}
                  - filter: [label=app=shop, dangling=false]
                to:
                  - path: /mnt/backups/
                    mounted: true
                  - path: /mnt/usb
                    marker: THIS_IS_IT
                    retention: {keep-last: 2}
                  - /srv/second
                threads: 2
                consistency: auto
                max-freeze: 5s
                hooks:
                  before: [sync, {exec: "docker:db", run: "pg_dump -f /d app"}]
                  after: date
                  timeout: 1m
                passphrase-file: /etc/pass
                retention: {keep-daily: 7, keep-yearly: unlimited, keep-within: 2d, keep-tag: [a, "b,c"], tz: Europe/Berlin}
                skip-if-unchanged: yes
                paranoid: 5%
                limits: {read: 50MiB, write: 1m/s, io: idle, nice: 10}
                scrub: {budget: 1GiB, max-time: 30m, identity: /etc/key}
                notify:
                  - {on: failure, command: "mail -s x root"}
                  - {on: [success, warning], url: "https://example.org/hook?x", token-file: /etc/token, timeout: 5s, retries: 0}
                  - url-file: /etc/hook
                metrics: /var/lib/node/nightly.prom
                schedule: 30 3 * * mon-fri
                timezone: Europe/Berlin
                splay: 10m
                max-time: 4h
            """
        let content = Self.read(text)
        #expect(content.faults.isEmpty, "\(content.faults)")
        let job = try #require(content.jobs.first)
        #expect(
            job.name.rawValue == "nightly" && job.level == 7 && job.threads == 2 && job.tags == ["nightly", "prod"])
        let sources: [JobSource] = [
            .named(.volume(try VolumeName("pg"))), .named(try SourceReference("docker:www")),
            .named(.directory("/srv/my data")), .selected(conditions: [], of: .podman),
            .selected(conditions: ["label=app=shop", "dangling=false"], of: nil),
        ]
        #expect(job.sources == sources)
        #expect(job.destinations.map(\.path) == ["/mnt/backups", "/mnt/usb", "/srv/second"])
        #expect(job.destinations.map(\.isMounted) == [true, false, false])
        #expect(job.destinations.map(\.marker) == [".holdfast-destination", "THIS_IS_IT", nil])
        #expect(job.destinations[1].retention?.policy.counts == [.last: .limited(2)])
        let shared = try #require(job.destinations[0].retention)
        #expect(shared == job.destinations[2].retention && shared.zoneName == "Europe/Berlin")
        #expect(shared.policy.counts == [.daily: .limited(7), .yearly: .unlimited])
        #expect(shared.policy.within == RetentionSpan(days: 2) && shared.policy.tagLists == [["a"], ["b", "c"]])
        #expect(job.consistency == .auto && job.maxFreezeSeconds == 5 && job.hookTimeoutSeconds == 60)
        #expect(job.hooksBefore.map(\.container) == [nil, "docker:db"] && job.hooksAfter.map(\.command) == ["date"])
        #expect(job.encryption == EncryptionRequest(passphraseFile: "/etc/pass"))
        #expect(job.whenUnchanged == .skip && job.rereadShare == 0.05)
        #expect(job.limits.readBytesPerSecond == 50 << 20 && job.limits.writeBytesPerSecond == 1 << 20)
        #expect(job.limits.isIdleIO && job.limits.niceness == 10)
        #expect(job.scrub == JobScrub(budget: ScrubBudget(bytes: 1 << 30, seconds: 1800), identityFiles: ["/etc/key"]))
        #expect(job.notifications.map(\.outcomes) == [[.failure], [.success, .warning], [.warning, .failure]])
        #expect(job.notifications[1].timeoutSeconds == 5)
        #expect(job.metricsFile == "/var/lib/node/nightly.prom" && job.splaySeconds == 600 && job.maxSeconds == 14_400)
        let cron = try CronExpression(parsing: "30 3 * * mon-fri")
        #expect(job.schedule == JobSchedule(.cron(cron), zoneName: "Europe/Berlin"))
    }

    @Test("a job by itself is called as its file, or as it says")
    func single() {
        #expect(Self.read("sources: x\nto: /b", file: "/etc/jobs.d/web.yaml").jobs.map(\.name.rawValue) == ["web"])
        #expect(Self.read("name: n\nsources: x\nto: /b").jobs.map(\.name.rawValue) == ["n"])
        #expect(Self.read("sources: x\nto: /b", file: "my file.yaml").faults.map(\.line) == [1])
    }
}
