import TestSupport
import Testing

/// Goal: whatever call of `df` fails, it reports or says why not, and the store is as it was. Method: every changing call,
/// with every fault.
@Suite(
    "Faults in df",
    .enabled(if: FaultSweep.isPossible && Environment.isRoot, "the binary has no fault seam, or this is not root"))
struct DiskFreeFaultTests {
    @Test("df: a report, or a reason, and an unchanged store")
    func sweep() throws {
        let template = try TemporaryDirectory("template")
        let fixture = DiskFreeFixture(in: template.path)
        try fixture.loadImages()
        for name in ["c1", "c2", "c3"] { try fixture.holdfast("container", "create", "--name", name, "a:1").check() }
        try fixture.makeVolume("v").file("f", "x")
        try template.makeDirectory("store/staging/left")
        try template.makeDirectory("store/trash/left")
        try FaultSweep(template: template, arguments: ["df", "--json"]).run(.calls) { run in
            if run.result.status == 0 || run.result.status == 3 {
                let report = try JSON(parsing: run.result.text)
                try require(report["volumes"]["totalCount"].integer == 1, "the volume is missing", run)
                try require(report["images"]["totalCount"].integer == 4, "images are missing", run)
                let isWarned = report["failures"].elements.isEmpty == false
                try require(run.result.status == 0 || isWarned, "a warning without a reason", run)
            }
            try require(run.holdfast("check", "--repair").status == 0, "the store is damaged", run)
            try run.checkStoreIsClean()
        }
    }
}
