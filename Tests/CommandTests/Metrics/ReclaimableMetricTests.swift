import Foundation
import TestSupport
import Testing

/// Goal: monitoring sees what `df` calls reclaimable, at no second walk. Method: metrics of a store with something of every kind
/// that is used and that is not, beside `df --json`.
@Suite("What could be freed, as a metric") struct ReclaimableMetricTests {
    private let directory: TemporaryDirectory
    private let fixture: DiskFreeFixture

    init() throws {
        directory = try TemporaryDirectory("reclaimable")
        fixture = DiskFreeFixture(in: directory.path)
    }

    /// The samples of the metric by kind, and the status of the command.
    private func metrics(_ arguments: String..., status: Int32 = 0) throws -> [String: Int] {
        let text = try fixture.holdfast.run(["usage"] + arguments + ["--openmetrics", "-"]).check(status).text
        var found: [String: Int] = [:]
        let prefix = "holdfast_reclaimable_bytes{kind=\""
        for line in text.split(separator: "\n") where line.hasPrefix(prefix) {
            let parts = line.dropFirst(prefix.count).components(separatedBy: "\"} ")
            found[parts[0]] = Int(parts[1])
        }
        return found
    }

    private func reclaimable(_ options: String...) throws -> [String: Int] {
        let report = try JSON(parsing: fixture.holdfast.run(["df", "--json"] + options).check().text)
        var found: [String: Int] = [:]
        for kind in ["images", "containers", "volumes", "cache"] {
            found[kind] = report[kind]["reclaimableBytes"].integer
        }
        return found
    }

    private func fill() throws {
        try fixture.loadImages()
        try fixture.holdfast("container", "create", "--name", "c", "-v", "mounted:/data", "d:1").check()
        let sizes = [("free", 300_000), ("other", 70_000), ("kept", 50_000), ("mounted", 40_000)]
        for (name, bytes) in sizes {
            try fixture.makeVolume(name).file("f", String(repeating: "x", count: bytes))
        }
        try fixture.holdfast("volume", "protect", "kept").check()
    }

    @Test("each kind is what df --json says, whichever volumes were scanned")
    func equal() throws {
        try fill()
        for sources in [["--all"], ["free"], ["mounted", "kept"], ["other", "dir:" + directory.path]] {
            let found = try metricsOf(sources)
            let expected = try reclaimable()
            #expect(found == expected, "\(sources)")
            // What crashes left is swept before anything is scanned.
            #expect(found["cache"] == 0 && found.count == 4 && found.values.count { $0 > 0 } == 3, "\(found)")
        }
    }

    private func metricsOf(_ sources: [String]) throws -> [String: Int] {
        switch sources.count {
        case 1: try metrics(sources[0])
        default: try metrics(sources[0], sources[1])
        }
    }

    @Test("a volume that is held is in use for the metric too", .enabled(if: Environment.isRoot, "needs root"))
    func held() throws {
        try fill()
        let before = try metrics("free")
        let process = try ChildProcess(
            ["sleep", "100"].map { Array($0.utf8) }, workingDirectory: fixture.mountpoint("free"))
        defer { process.send(9) }
        try waitUntil("the process is there") {
            (try? Tool.run("readlink", "/proc/\(process.identifier)/cwd").text.contains("free")) == true
        }
        let found = try metrics("free")
        #expect(try found == reclaimable())
        #expect(try (before["volumes"] ?? 0) - (found["volumes"] ?? 0) == fixture.du(fixture.mountpoint("free")))
    }

    @Test("what was scanned is remembered and not walked again, what was not is asked of memory first")
    func remembered() throws {
        try fill()
        _ = try fixture.df()
        try TreeBuilder(fixture.mountpoint("other")).file("late", String(repeating: "x", count: 200_000))
        try TreeBuilder(fixture.mountpoint("free")).file("late", String(repeating: "x", count: 200_000))
        // The scan saw one of the changes; of the other an hour counts as new.
        let found = try metrics("free")
        #expect(try found == reclaimable("--max-age", "1h"))
        let new = try fixture.df("--max-age", "1h")["volumes"]
        #expect(try fixture.item("free", new)["sizeBytes"].integer == fixture.du(fixture.mountpoint("free")))
        #expect(try fixture.item("free", new)["remembered"].boolean == true)
        #expect(try fixture.item("other", new)["sizeBytes"].integer != fixture.du(fixture.mountpoint("other")))
        // A stricter age measures it.
        #expect(try metrics("free", "--max-age", "0s") == reclaimable())
    }

    @Test("metrics of directories and other engines say nothing of a store")
    func elsewhere() throws {
        try fill()
        #expect(try metrics("dir:" + directory.path).isEmpty)
        #expect(try metrics("free", "--cross-file-systems") == reclaimable())
    }

    @Test("what cannot be measured is told, and the rest is there", .enabled(if: Environment.isRoot, "needs root"))
    func damaged() throws {
        try fill()
        try Tool.run("rm", "-r", fixture.mountpoint("other")).check()
        let found = try metrics("free", status: 3)
        #expect((found["volumes"] ?? 0) > 300_000)
        let result = try fixture.holdfast("usage", "free", "--openmetrics", directory("x.prom"))
        #expect(result.status == 3 && result.errorText.contains("volume 'other'"), "\(result)")
    }

    @Test("a volume that is removed after it was scanned has its size, and no references")
    func vanishing() throws {
        try fixture.makeVolume("gone").file("f", "x")
        let slow = try fixture.makeVolume("slow").root
        try Tool.script("for i in $(seq 200); do mkdir d$i; done", in: slow).check()
        let arguments = ["usage", "gone", "slow", "--openmetrics", "-", "--io-budget", "150"]
        let process = try fixture.holdfast.start(arguments.map { Array($0.utf8) })
        try waitUntil("the volumes are open") {
            (try? Tool.run("ls", "-l", "/proc/\(process.identifier)/fd").text.contains(slow)) == true
        }
        try fixture.holdfast("volume", "rm", "--force", "gone").check()
        let text = try process.wait().check().text
        #expect(text.contains("holdfast_volume_size_bytes{volume=\"gone\""))
        #expect(text.contains("holdfast_volume_references{volume=\"slow\""))
        #expect(!text.contains("holdfast_volume_references{volume=\"gone\""))
        #expect(text.contains("holdfast_reclaimable_bytes{kind=\"volumes\"} "))
    }
}
