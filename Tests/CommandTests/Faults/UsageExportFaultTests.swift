import TestSupport
import Testing

/// Goal: whatever call of an export fails or kills the process, the file is the old one or the new one, whole. Method: as the
/// sweep of backups, over a file that exists.
@Suite("Faults in exports of usage", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct UsageExportFaultTests {
    private let template: TemporaryDirectory

    init() throws {
        template = try TemporaryDirectory("template")
        let builder = try TreeBuilder(template.path)
        try builder.directory("data")
        try builder.file("data/a", "content\n")
        try builder.file("export.json", "old")
    }

    @Test("usage --ncdu: the old file or the new one", arguments: FaultSweep.possibleTroubles)
    func export(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(
            template: template, arguments: ["usage", "dir:{}/data", "--ncdu", "{}/export.json"]
        ).run(trouble) { run in
            let file = "\(run.folder)/export.json"
            if try Tool.run("cat", file).check().text == "old" {
                return try require(run.result.status != 0, "an acknowledged export is lost", run)
            }
            let read = try run.holdfast("usage", "--from-ncdu", file, "--json").check()
            try require(try JSON(parsing: read.text)[0]["files"].integer == 1, "half an export", run)
        }
    }
}
