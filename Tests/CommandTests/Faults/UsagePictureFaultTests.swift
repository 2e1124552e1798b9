import Foundation
import Synchronization
import TestSupport
import Testing

/// Goal: whatever call of a scan with pictures fails or kills the process, the report is there or the status tells, each file is the
/// old one or the new one, whole, and the history opens. Method: as the sweep of backups, over files that exist.
@Suite("Faults in pictures and metrics of usage", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct UsagePictureFaultTests {
    private let template: TemporaryDirectory

    /// The files that are written, each with its end.
    private static let files = [("page.html", "</html>"), ("map.svg", "</svg>"), ("usage.prom", "# EOF")]
    private static let arguments = [
        "usage", "vol", "dir:{}/data", "--html", "{}/page.html", "--svg", "{}/map.svg", "--openmetrics",
        "{}/usage.prom",
    ]

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "vol").check()
        try TreeBuilder(template("store/volumes/vol/_data")).fill(
            seed: 5, RandomTreeOptions(entries: 12, largestFileBytes: 3000))
        try TreeBuilder(template.makeDirectory("data")).file("f", String(repeating: "x", count: 9000))
        try holdfast("usage", "vol").check()
        for (name, _) in Self.files { try TreeBuilder(template.path).file(name, "old") }
    }

    @Test("usage --html --svg --openmetrics: whole files, a report or a reason", arguments: FaultSweep.possibleTroubles)
    func pictures(_ trouble: FaultSweep.Trouble) throws {
        let before = Set(try Tool.run("ls", "-A", template.path).check().lines)
        try FaultSweep(template: template, arguments: Self.arguments).run(trouble, limit: 60) { run in
            if !run.wasKilled { try Self.checkReport(run) }
            for (name, end) in Self.files {
                let text = try Tool.run("cat", "\(run.folder)/\(name)").check().text
                let isWhole = text.trimmingCharacters(in: .newlines).hasSuffix(end)
                try require(text == "old" || isWhole, "half of \(name)", run)
                try require(run.result.status != 0 || isWhole, "an acknowledged \(name) is lost", run)
            }
            try Self.checkHistory(run, atLeast: run.result.status == 0 ? 2 : 1)
            // The same again is fine, and takes away what was left.
            let again = Self.arguments.map { $0.replacingOccurrences(of: "{}", with: run.folder) }
            try run.holdfast.run(again).check()
            for (name, end) in Self.files {
                let text = try Tool.run("cat", "\(run.folder)/\(name)").check().text
                try require(text.trimmingCharacters(in: .newlines).hasSuffix(end), "\(name) is not there", run)
            }
            let left = Set(try Tool.run("ls", "-A", run.folder).check().lines).subtracting(["lost+found"])
            try require(left == before, "left behind: \(left.subtracting(before))", run)
            try run.checkStoreIsClean()
        }
    }

    /// With a status of success or warnings both sources are reported; with another there is a reason.
    private static func checkReport(_ run: FaultSweep.Run) throws {
        if run.result.status != 0 {
            try require(!run.result.errorText.isEmpty, "a status without a reason", run)
        }
        let text = run.result.text
        if text.isEmpty { return try require(run.result.status == 1, "neither a report nor a failure", run) }
        try require(text.contains("holdfast:vol") && text.contains("/data"), "a report without a source", run)
    }

    /// The catalog opens, is consistent, and has what was acknowledged.
    private static func checkHistory(_ run: FaultSweep.Run, atLeast count: Int) throws {
        let series = try JSON(parsing: run.holdfast("usage", "history", "vol", "--json").check().text)[0]
        let samples = series["samples"].elements.count
        try require((count...2).contains(samples), "\(samples) samples in the history", run)
        try run.holdfast("check").check()
    }
}

/// Goal: whatever write of an alert fails or is the last, the state is told, and the history, whose old samples it thins, is as before
/// or as after. Method: `strace` makes each writing call of the process fail or kill it, those of SQLite too, which go past the
/// seam of the other sweeps.
@Suite(
    "Faults in the history",
    .enabled(if: Environment.isRoot && Injection.isPossible, "strace cannot inject faults here"))
struct UsageHistoryFaultTests {
    private static let calls = ["pwrite64", "write", "fdatasync", "fsync", "ftruncate"]
    /// What can happen to a call.
    private static let faults = ["error=EIO", "error=ENOSPC", "signal=KILL"]
    /// The samples that thinning leaves of those that were there.
    private static let oldSamples = 40

    private let template: TemporaryDirectory

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "v").check()
        try holdfast("usage", "v").check()
        // Forty samples of one day, two months ago: all but one of them go with the next scan.
        try Tool.run(
            "sqlite3", template("store/catalog.sqlite"),
            """
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(Self.oldSamples - 1))
            INSERT INTO usage_samples (source_id, scanned_at_ns, allocated_bytes, apparent_bytes, files, directories, errors,
                is_partial) SELECT source_id, scanned_at_ns - 60 * 86400000000000 + i * 1000000000, 1, 1, 1, 1, 0, 0
                FROM usage_samples, n;
            PRAGMA wal_checkpoint(TRUNCATE);
            """
        ).check()
    }

    private struct Case: Sendable {
        let call: String
        let number: Int
        let fault: String
    }

    /// Of many calls the last, which write the history, and some of those before, which open the store.
    private static func spread(_ count: Int) -> [Int] {
        (1..<(count + 1)).filter { $0 > count - 12 || $0 % max(1, count / 12) == 0 }
    }

    /// How often the command makes each of the calls.
    private func counts() throws -> [String: Int] {
        let folder = try TemporaryDirectory("strace")
        try Tool.run("cp", "-a", template.path + "/.", folder.path).check()
        let log = folder("log")
        try trace(["-f", "-o", log, "-e", "trace=" + Self.calls.joined(separator: ",")], folder.path).check()
        var counts: [String: Int] = [:]
        for line in try Tool.run("cat", log).check().lines {
            // `PID  call(…`
            let words = line.split(separator: " ")
            if words.count > 1 { counts[String(words[1].prefix { $0 != "(" }), default: 0] += 1 }
        }
        return counts
    }

    private func trace(_ options: [String], _ folder: String) throws -> ProcessResult {
        try Tool.run(
            ["strace", "-qq"] + options + [CommandRunner.binary, "usage", "alert", "-c", "~:", "v"],
            environment: ["HOLDFAST_ROOT": folder + "/store"])
    }

    @Test("usage alert: the state, and a history that is as before or as after")
    func alert() throws {
        let counts = try counts()
        #expect((counts["pwrite64"] ?? 0) > 3, "\(counts)")
        var cases: [Case] = []
        for call in Self.calls {
            for number in Self.spread(counts[call] ?? 0) {
                cases += Self.faults.map { Case(call: call, number: number, fault: $0) }
            }
        }
        let failures = Failures()
        let all = cases
        DispatchQueue.concurrentPerform(iterations: all.count) { index in
            do { try check(all[index]) } catch { failures.add("\(all[index]): \(error)") }
        }
        #expect(failures.texts.isEmpty, "\(failures.texts.count) of \(all.count): \(failures.texts.prefix(3))")
    }

    private func check(_ injected: Case) throws {
        let folder = try TemporaryDirectory("inject")
        try Tool.run("cp", "-a", template.path + "/.", folder.path).check()
        let inject = "inject=\(injected.call):\(injected.fault):when=\(injected.number)"
        let result = try trace(["-f", "-o", "/dev/null", "-e", "trace=" + injected.call, "-e", inject], folder.path)
        func demand(_ condition: Bool, _ what: String) throws {
            if !condition { throw FaultFailure(description: "\(what)\n\(result)") }
        }
        let wasKilled = result.status == 128 + 9
        try demand([0, 3, 128 + 9].contains(result.status), "an unexpected status")
        // What fails of the history is mentioned, and the state is told all the same; a store that does not open is UNKNOWN.
        if !wasKilled && injected.call != "write" {
            try demand(result.text.hasPrefix(result.status == 0 ? "OK: " : "UNKNOWN: "), "no state")
        }
        let holdfast = CommandRunner(root: folder("store"))
        func samples() throws -> [String] {
            try Tool.run(
                "sqlite3", folder("store/catalog.sqlite"),
                "SELECT count(*) FROM usage_samples; PRAGMA integrity_check; PRAGMA foreign_key_check"
            ).check().lines
        }
        let found = try samples()
        // As before: the scan and the old ones. As after: two scans and the last of the old day.
        try demand(["\(Self.oldSamples + 1)", "3"].contains(found[0]) && found[1...] == ["ok"], "\(found)")
        let isKept = found[0] == "3"
        let isMentioned = result.errorText.contains("the history was not kept")
        try demand(result.status != 0 || isKept || isMentioned, "an acknowledged scan is lost")
        try holdfast("usage", "alert", "-c", "~:", "v").check()
        try holdfast("check").check()
        try demand(try samples()[0] == (isKept ? "4" : "3"), "the next scan is not in the history")
    }

    /// What went wrong, from many threads.
    private final class Failures: Sendable {
        private let found = Mutex<[String]>([])

        func add(_ text: String) { found.withLock { $0.append(text) } }

        var texts: [String] { found.withLock { $0 } }
    }
}
