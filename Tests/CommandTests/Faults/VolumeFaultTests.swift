import TestSupport
import Testing

/// Goal: whatever call of `volume create` and `volume rm` fails or kills the process, the store opens, has lost nothing that
/// was acknowledged, and sweeps clean. Method: every changing call, with every fault, on copies of one store.
@Suite("Faults in volume commands", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct VolumeFaultTests {
    private let template: TemporaryDirectory
    private let old: TreeFingerprint

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "old", "--label", "a=b").check()
        let data = template("store/volumes/old/_data")
        try TreeBuilder(data).fill(seed: 3, RandomTreeOptions(entries: 12, largestFileBytes: 2000))
        old = try TreeFingerprint(data)
    }

    @Test("the environment's plan logs the calls and kills the process before one of them")
    func plan() throws {
        let holdfast = CommandRunner(root: template("store"))
        let log = template("log")
        let killed = try holdfast(
            "volume", "create", "new", environment: ["HOLDFAST_FAULT": "3:kill", "HOLDFAST_FAULT_LOG": log])
        #expect(killed.status == 128 + 9, "\(killed)")
        let calls = try Tool.run("cat", log).check().lines
        #expect(calls.map { $0.split(separator: " ")[0] } == ["1", "2", "3"])
        #expect(try !holdfast("volume", "ls", "-q").check().lines.contains("new"))
    }

    @Test("volume create: the volume is there whole, or not at all", arguments: FaultSweep.possibleTroubles)
    func create(_ trouble: FaultSweep.Trouble) throws {
        let old = old
        try FaultSweep(template: template, arguments: ["volume", "create", "new", "--mode", "0751"]).run(trouble) {
            run in
            try run.checkStoreIsClean()
            let names = try run.names()
            try require(names.contains("old"), "the old volume is lost", run)
            try run.requireSameTree("\(run.folder)/store/volumes/old/_data", old, "the old volume changed")
            if run.result.status == 0 {
                try require(names.contains("new"), "an acknowledged volume is lost", run)
            }
            let listed = try Tool.run("ls", "-A", "\(run.folder)/store/volumes").check().lines
            try require(listed.sorted() == names || run.result.status != 0, "a directory has no row: \(listed)", run)
            try run.holdfast("volume", "create", "new").check()
            let mode = try Tool.run("stat", "-c", "%a", "\(run.folder)/store/volumes/new/_data").check().text
            try require(!names.contains("new") || mode == "751\n", "the volume has another mode: \(mode)", run)
            try run.holdfast("volume", "rm", "new").check()
        }
    }

    @Test("volume rm: the volume is gone, or as it was", arguments: FaultSweep.possibleTroubles)
    func remove(_ trouble: FaultSweep.Trouble) throws {
        let old = old
        try FaultSweep(template: template, arguments: ["volume", "rm", "old"]).run(trouble) { run in
            try run.checkStoreIsClean()
            if try run.names().contains("old") {
                try require(run.result.status != 0, "an acknowledged removal is undone", run)
                try run.requireSameTree("\(run.folder)/store/volumes/old/_data", old, "the volume changed")
                try run.holdfast("volume", "rm", "old").check()
            }
            try run.holdfast("volume", "create", "old").check()
            let content = try Tool.run("ls", "-A", "\(run.folder)/store/volumes/old/_data").check().lines
            try require(content.isEmpty, "a new volume is not empty: \(content)", run)
        }
    }
}
