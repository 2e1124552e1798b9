import TestSupport
import Testing

/// Goal: whatever call of a run or an installation fails or kills the process, archives, copies, history, metrics and units are
/// whole or not there, and the next run is fine. Method: every changing call, with every fault, on copies of one folder.
@Suite("Faults in jobs", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct JobFaultTests {
    private let template: TemporaryDirectory

    init() throws {
        template = try TemporaryDirectory("template")
        for name in ["data", "metrics", "units"] { try template.makeDirectory(name) }
        try TreeBuilder(template("data")).fill(seed: 7, RandomTreeOptions(entries: 6, largestFileBytes: 2000))
    }

    @Sendable private static func writeJob(_ folder: String) throws {
        let text = """
            name: n
            sources: ["dir:\(folder)/data"]
            to: ["\(folder)/first", "\(folder)/second"]
            threads: 1
            metrics: \(folder)/metrics/n.prom
            schedule: 30 3 * * *
            """
        try Tool.run("cp", "/dev/stdin", "\(folder)/n.yaml", input: .bytes(Array(text.utf8))).check()
    }

    private func sweep(_ arguments: [String]) -> FaultSweep {
        var sweep = FaultSweep(template: template, arguments: arguments)
        sweep.prepare = Self.writeJob
        return sweep
    }

    private static func files(_ run: FaultSweep.Run, _ folder: String, _ pattern: String) throws -> [String] {
        try Tool.run("find", "\(run.folder)/\(folder)", "-type", "f", "-name", pattern).lines.sorted()
    }

    @Test(
        "job run: archives, copies, history and metrics are whole; the next run goes on",
        arguments: FaultSweep.possibleTroubles)
    func run(_ trouble: FaultSweep.Trouble) throws {
        try sweep(["job", "run", "{}/n.yaml"]).run(trouble, limit: 60) { run in
            let history = "\(run.folder)/store/jobs/n/history.jsonl"
            if run.result.status == 0 {
                try require(Self.files(run, "first", "*.tar.zst").count == 1, "an acknowledged archive is lost", run)
                try require(Self.files(run, "second", "*.tar.zst").count == 1, "an acknowledged copy is lost", run)
                try Tool.run("test", "-s", history).check()
            }
            for folder in ["first", "second"] {
                for archive in try Self.files(run, folder, "*.tar.zst") {
                    try run.holdfast("backup", "verify", archive).check()
                }
            }
            if let text = try? Tool.run("cat", history).check() {
                for line in text.lines { _ = try JSON(parsing: line) }
            }
            if let text = try? Tool.run("cat", "\(run.folder)/metrics/n.prom").check().text {
                try require(text.hasSuffix("# EOF\n"), "half a file of metrics", run)
            }
            try Self.writeJob(run.folder)
            try run.holdfast("job", "run", "\(run.folder)/n.yaml").check()
            let last = try Tool.run("tail", "-n1", history).check().text
            try require(JSON(parsing: last)["outcome"] == "success", "the next run is not in the history", run)
            let left = try Tool.run("find", run.folder, "-name", "*.partial").check().lines
            try require(left.isEmpty, "left behind after the next run: \(left)", run)
        }
    }

    @Test(
        "job run with older archives to copy: copies are whole or not there, and the next run makes the rest",
        arguments: FaultSweep.possibleTroubles)
    func catchUp(_ trouble: FaultSweep.Trouble) throws {
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "source").check()
        let data = try TreeBuilder(template("store/volumes/source/_data"))
        for content in ["older", "the old one"] {
            try data.file("f", content)
            try holdfast("backup", "create", "source", "--to", template("first")).check()
            try Tool.run("sleep", "1").check()
        }
        let writeJob: @Sendable (String) throws -> Void = { folder in
            let text = """
                {name: n, sources: source, to: ["\(folder)/first", "\(folder)/second"], retention: {keep-last: 9}, threads: 1}
                """
            try Tool.run("cp", "/dev/stdin", "\(folder)/n.yaml", input: .bytes(Array(text.utf8))).check()
        }
        var sweep = FaultSweep(template: template, arguments: ["job", "run", "{}/n.yaml"])
        sweep.prepare = writeJob
        try sweep.run(trouble, limit: 46) { run in
            let copies = try Self.files(run, "second", "*.tar.zst")
            if run.result.status == 0 { try require(copies.count == 3, "an acknowledged copy is lost", run) }
            for copy in copies { try run.holdfast("backup", "verify", copy).check() }
            try writeJob(run.folder)
            try run.holdfast("job", "run", "\(run.folder)/n.yaml").check()
            let names = try ["first", "second"].map { folder in
                try Self.files(run, folder, "*.tar.zst").compactMap { $0.split(separator: "/").last }
            }
            try require(names[0] == names[1] && names[0].count >= 3, "not everything is copied: \(names)", run)
            let left = try Tool.run("find", run.folder, "-name", "*.partial").check().lines
            try require(left.isEmpty, "left behind after the next run: \(left)", run)
        }
    }

    @Test("job install: each file is whole or not there, and installing again makes it right")
    func install() throws {
        let arguments = ["job", "install", "{}/n.yaml", "--directory", "{}/units"]
        try sweep(arguments).run(.calls) { run in
            for unit in try Self.files(run, "units", "holdfast-job-n.*") {
                let text = try Tool.run("cat", unit).check().text
                let isWhole = text.hasSuffix("KeyringMode=private\n") || text.hasSuffix("WantedBy=timers.target\n")
                try require(isWhole, "half a unit: \(text)", run)
            }
            let units = "\(run.folder)/units"
            try run.holdfast("job", "install", "\(run.folder)/n.yaml", "--directory", units).check()
            try require(Tool.run("ls", "-A", units).check().lines.count == 2, "not just the units are there", run)
        }
    }
}
