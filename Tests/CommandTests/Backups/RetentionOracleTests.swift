import TestSupport
import Testing

/// Goal: the same decisions and the same reasons as restic. Method: snapshots of random times and tags, made by restic, and
/// random policies, given to `restic forget --dry-run` and to `backup policy`.
///
/// Releases of restic before 0.16 lack the rule that keeps the oldest snapshot; with such a one, what only that rule keeps
/// counts as removed.
@Suite("Retention compared with restic", .enabled(if: Tool.exists("restic"), "restic is not installed"))
struct RetentionOracleTests {
    private struct Decision: Hashable, CustomStringConvertible {
        let time: String
        let reasons: [String]
        var description: String { "\(time) \(reasons)" }
    }

    private let directory: TemporaryDirectory
    private let environment: [String: String]

    init() throws {
        directory = try TemporaryDirectory("restic")
        environment = [
            "TZ": "UTC", "RESTIC_PASSWORD": "x", "RESTIC_REPOSITORY": directory("repository"),
            "XDG_CACHE_HOME": directory("cache"),
        ]
    }

    private func restic(_ arguments: [String]) throws -> String {
        try Tool.run(["restic"] + arguments, environment: environment).check().text
    }

    @Test("random lists of times, random policies")
    func randomPolicies() throws {
        let seed = UInt64.random(in: 0..<1_000_000)
        var generator = SeededGenerator(seed: seed)
        let times = try makeSnapshots(&generator)
        let first = try expected(["--keep-yearly", "99"]).contains { $0.reasons.contains("oldest yearly snapshot") }
        for _ in 0..<14 {
            let policy = Self.policy(&generator)
            let wanted = try expected(policy)
            let result = try CommandRunner(root: directory("store")).run(
                ["backup", "policy", "--times", times] + policy)
            var found = try JSON(parsing: result.check().text)["keep"].elements.map(Self.decision)
            if !first {
                found = found.map { Decision(time: $0.time, reasons: $0.reasons.filter { !$0.hasPrefix("oldest") }) }
                    .filter { !$0.reasons.isEmpty }
            }
            #expect(found == wanted, "seed \(seed): \(policy)")
        }
    }

    /// - Returns: the file with the list of their times.
    private func makeSnapshots(_ generator: inout SeededGenerator) throws -> String {
        _ = try restic(["init", "--quiet"])
        try TreeBuilder(directory("data")).file("file", "x")
        for _ in 0..<18 {
            let age = Int.random(in: 0...(1 << Int.random(in: 10...26, using: &generator)), using: &generator)
            let time = try Tool.run("date", "-u", "-d", "@\(1_700_000_000 - age)", "+%F %T").check().lines[0]
            let tags = ["a", "b", "c"].filter { _ in generator.chance(30) }.flatMap { ["--tag", $0] }
            _ = try restic(["backup", "--quiet", "--time", time, directory("data")] + tags)
        }
        let rows = try JSON(parsing: restic(["snapshots", "--json"])).elements.map { snapshot in
            let tags = snapshot["tags"].elements.compactMap(\.text).map { "\"\($0)\"" }.joined(separator: ",")
            return "{\"time\": \"\(snapshot["time"].text ?? "")\", \"tags\": [\(tags)]}"
        }
        try TreeBuilder(directory.path).file("times.json", "[\(rows.joined(separator: ","))]")
        return directory("times.json")
    }

    /// What restic keeps, the newest first.
    private func expected(_ policy: [String]) throws -> [Decision] {
        let report = try JSON(parsing: restic(["forget", "--dry-run", "--json", "--group-by", ""] + policy))
        return report[0]["reasons"].elements.map { row in
            Decision(time: row["snapshot"]["time"].text ?? "", reasons: row["matches"].elements.compactMap(\.text))
        }
    }

    private static func decision(_ row: JSON) -> Decision {
        Decision(time: row["time"].text ?? "", reasons: row["reasons"].elements.compactMap(\.text))
    }

    private static func policy(_ generator: inout SeededGenerator) -> [String] {
        var policy = ["--keep-yearly", "1"]
        for period in ["last", "hourly", "daily", "weekly", "monthly", "yearly"] where generator.chance(40) {
            policy += ["--keep-\(period)", "\([1, 2, 3, 5, 9, 99].randomElement(using: &generator) ?? 1)"]
        }
        for period in ["", "-hourly", "-daily", "-weekly", "-monthly", "-yearly"] where generator.chance(25) {
            let units = ["y", "m", "d", "h"].shuffled(using: &generator).prefix(
                Int.random(in: 1...3, using: &generator))
            let span = units.map { "\(Int.random(in: 1...19, using: &generator))\($0)" }.joined()
            policy += ["--keep-within\(period)", span]
        }
        for tags in ["a", "a,b", "b,c", ""] where generator.chance(15) { policy += ["--keep-tag", tags] }
        return policy
    }
}
