import TestSupport
import Testing

/// Goal: whatever call of a run that takes up an interrupted one fails or kills it, the next one makes the archive of a full
/// backup, and nothing is left. Method: every changing call, with every fault, on copies of a folder with an interrupted run.
@Suite(
    "Faults while an interrupted backup is resumed", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam")
)
struct ResumeFaultTests {
    private let template: TemporaryDirectory
    private let expected: [UInt8]

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "source").check()
        let data = try TreeBuilder(template("store/volumes/source/_data"))
        var generator = SeededGenerator(seed: 41)
        for file in 0..<4 { try data.file(Array("f\(file)".utf8), generator.bytes(1_300_000)) }
        for file in 0..<6 { try data.file(Array("s\(file)".utf8), generator.bytes(30_000)) }
        try Tool.run("sleep", "3.1").check()
        let full = template("full.tar.zst")
        let log = template("log")
        let plain = ["backup", "create", "source", "--to", full]
        try holdfast.run(plain, environment: ["HOLDFAST_FAULT_LOG": log]).check()
        expected = try ArchiveBytes.dataFrames(of: full)
        let count = try Tool.run("cat", log).check().lines.count
        try Tool.run("rm", full, log).check()
        let arguments = ["backup", "create", "source", "--to", template("backups")]
        // Killed late enough that there is a journal.
        for call in stride(from: count * 3 / 4, to: count, by: 2) {
            try holdfast.run(arguments, environment: ["HOLDFAST_FAULT": "\(call):kill"]).check(137)
            if try !Tool.run("find", template("backups"), "-name", "*.journal").output.isEmpty { return }
        }
        Issue.record("no run left a journal")
    }

    @Test("the next run makes the archive whole, and leaves nothing else")
    func resume() throws {
        let expected = expected
        try FaultSweep(
            template: template, arguments: ["backup", "create", "source", "--to", "{}/backups", "--threads", "2"]
        ).run(.calls, limit: 42) { run in
            let find = ["find", "\(run.folder)/backups", "-name", "*.tar.zst"]
            let before = try Tool.run(find).lines
            if run.result.status == 0 { try require(before.count == 1, "an acknowledged archive is lost", run) }
            for archive in before { try run.holdfast("backup", "verify", archive).check() }
            let next = try run.holdfast("backup", "create", "source", "--to", "\(run.folder)/backups").check()
            try require(
                ArchiveBytes.dataFrames(of: next.lines[0]) == expected, "not the archive of a full backup", run)
            let left = try Tool.run("find", "\(run.folder)/backups", "-type", "f", "!", "-name", "*.tar.zst").check()
            try require(left.output.isEmpty, "left behind after the next backup: \(left.text)", run)
        }
    }
}
