import FileTree
import StorageModel
import TestSupport
import Testing

/// Goal: a cron expression comes true when crontab(5) says, also when clocks are changed. Method: an independent evaluation in
/// Python, minute by minute with its own time zones; and systemd's calendar for what is handed to it.
@Suite("Cron expressions") struct CronExpressionTests {
    /// Prints the next `count` times, in seconds, after each start, for lines of `zone TAB start TAB expression`.
    private static let oracle = """
        import sys
        from datetime import datetime, timedelta, timezone
        from zoneinfo import ZoneInfo
        MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13)))
        DAYS = dict(zip("sun mon tue wed thu fri sat".split(), range(7)))
        def field(text, low, high, names={}):
            result = set()
            for part in text.lower().split(","):
                span, _, step = part.partition("/")
                if span == "*": a, b = low, high
                else:
                    ends = [names[e] if e in names else int(e) for e in span.split("-")]
                    a, b = ends[0], ends[-1]
                result |= set(range(a, b + 1, int(step or 1)))
            return result
        def times(zone, start, text, count):
            m, h, d, mo, w = text.split()
            minutes, hours, days = field(m, 0, 59), field(h, 0, 23), field(d, 1, 31)
            months, weekdays = field(mo, 1, 12, MONTHS), {x % 7 for x in field(w, 0, 7 if "*" not in w else 6, DAYS)}
            def day(t):
                if t.month not in months: return False
                a, b = t.day in days, t.isoweekday() % 7 in weekdays
                return (a and b) if d[0] == "*" or w[0] == "*" else (a or b)
            z, found = ZoneInfo(zone), []
            if m[0] == "*" or h[0] == "*":
                t = start // 60 * 60 + 60
                while len(found) < count:
                    l = datetime.fromtimestamp(t, z)
                    if not day(l):
                        t += 60 if l.hour >= 20 else 3600
                        continue
                    if l.hour in hours and l.minute in minutes: found.append(t)
                    t += 60
            else:
                l = datetime.fromtimestamp(start, z).replace(tzinfo=None, hour=0, minute=0, second=0) - timedelta(days=1)
                while len(found) < count + 8:
                    if day(l):
                        for hour in sorted(hours):
                            for minute in sorted(minutes):
                                u = l.replace(hour=hour, minute=minute, tzinfo=z, fold=0).astimezone(timezone.utc)
                                if u.timestamp() > start: found.append(int(u.timestamp()))
                    l += timedelta(days=1)
                found = sorted(set(found))[:count]
            return found
        for line in sys.stdin:
            zone, start, text = line.rstrip("\\n").split("\\t")
            print(*times(zone, int(start), text, 5))
        """

    private static func zone(_ name: String) throws -> ZoneRules {
        let file = try Descriptor.openFile(atHostPath: "/usr/share/zoneinfo/\(name)")
        let bytes = try file.readToEnd(limitBytes: 1 << 20)
        return try #require(ZoneRules(parsing: bytes))
    }

    private static func next(_ count: Int, _ text: String, after start: Int64, in zone: ZoneRules) throws -> [Int64] {
        let expression = try CronExpression(parsing: text)
        var times: [Int64] = []
        var last = start
        for _ in 0..<count {
            guard let time = expression.next(after: Timestamp(seconds: last), in: zone) else { break }
            times.append(time.seconds)
            last = time.seconds
        }
        return times
    }

    @Test("the next times are those of an independent evaluation, around changes of clocks too")
    func oracle() throws {
        let expressions = [
            "30 3 * * *", "30 2 * * *", "0 0 * * *", "*/15 * * * *", "0 */6 * * *", "15 1,2,3 * * *", "30 * * * *",
            "*/20 2 * * *", "0 12 * * mon-fri", "0 4 1 * *", "0 4 13 * fri", "0 4 */2 * 1", "5 5 31 * *", "0 0 29 2 *",
            "59 23 * 12 7", "10-20/5 22 * jan,jul sat,sun", "30 1 * 3,10 0",
        ]
        let zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
        // Before changes of 2026 and 2027: Berlin, New York, Lord Howe; a leap day; somewhere between.
        let starts: [Int64] = [
            1_774_740_000, 1_792_800_000, 1_772_900_000, 1_793_500_000, 1_791_000_000, 1_782_000_011,
        ]
        var lines: [String] = []
        var ours: [[Int64]] = []
        for (index, zone) in zones.enumerated() {
            let rules = try Self.zone(zone)
            for expression in expressions {
                // Each zone meets all starts, each expression some of them, so that the oracle stays quick.
                for start in starts where (Int(start) + index) % 2 == 0 || !expression.contains("29 2") {
                    lines.append("\(zone)\t\(start)\t\(expression)")
                    ours.append(try Self.next(5, expression, after: start, in: rules))
                }
            }
        }
        let theirs = try Tool.run(
            "python3", "-c", Self.oracle, input: .bytes(Array(lines.joined(separator: "\n").utf8))
        ).check().lines.map { $0.split(separator: " ").compactMap { Int64($0) } }
        #expect(theirs.count == ours.count)
        for ((line, our), their) in zip(zip(lines, ours), theirs) { #expect(our == their, "\(line)") }
    }

    @Test(
        "what is handed to systemd means the same to it",
        .enabled(if: Tool.exists("systemd-analyze"), "systemd is not installed"),
        arguments: [
            "30 3 * * *", "*/15 8-18 * * mon-fri", "0 4 1 * *", "0 4 13 * fri", "0 0 1 1 0", "5 */7 1-7 2,3 *",
            "@weekly",
        ])
    func calendar(_ text: String) throws {
        let expression = try CronExpression(parsing: text)
        let start: Int64 = 1_782_000_011
        var theirs: Set<String> = []
        for event in expression.calendarEvents(zone: "UTC") {
            let result = try Tool.run(
                "systemd-analyze", "calendar", "--iterations=8", "--base-time=@\(start)", event,
                environment: ["TZ": "UTC"]
            ).check()
            for line in result.lines where line.hasSuffix(" UTC") && (line.contains("elapse") || line.contains("Iter"))
            {
                let words = line.split(separator: " ")
                theirs.insert("\(words[words.count - 3])T\(words[words.count - 2])Z")
            }
        }
        let ours = try Self.next(8, text, after: start, in: .utc).map { Timestamp(seconds: $0).description }
        #expect(ours == theirs.sorted().prefix(8).map { $0 })
    }

    @Test(
        "what is no expression is refused",
        arguments: [
            "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 * ",
            "* * * * 8",
            "5-1 * * * *", "*/0 * * * *", "5/10 * * * *", "a * * * *", "1,,2 * * * *", "-1 * * * *", "1- * * * *",
            "* * * foo *", "* * * * fri-sun", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "@reboot", "@", "1.5 * * * *",
            "+1 * * * *",
        ])
    func refused(_ text: String) {
        #expect(throws: StorageError.self) { try CronExpression(parsing: text) }
    }

    @Test("the same expression in other words is the same")
    func equal() throws {
        let pairs = [
            ("0 0 * * 0", "@weekly"), ("0 0 * * 7", "0  0 *\t* SUN"), ("0 0 * * 5-7", "0 0 * * 0,5,6"),
            ("*/30 * * Jan *", "0,30 * * 1 *"),
        ]
        for (left, right) in pairs {
            let start: Int64 = 1_782_000_011
            #expect(try Self.next(9, left, after: start, in: .utc) == Self.next(9, right, after: start, in: .utc))
        }
    }
}
