import TestSupport
import Testing

/// Goal: whatever call of a restore into another engine's volume, or of an adoption, fails or kills the process, the volume has
/// its old data or its new, or is not there; nothing stays behind after the next command. Method: every changing call, with every
/// fault, on copies of one folder; a script with the layout of Docker's volumes stands for the engine, as that cannot be copied.
@Suite(
    "Faults in commands on other engines' volumes", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct EngineFaultTests {
    private let template: TemporaryDirectory
    private let source: TreeFingerprint
    private let previous: TreeFingerprint
    private static let environment = ["HOLDFAST_DOCKER": "{}/engine/docker"]

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "source", "--label", "a=b").check()
        let data = template("store/volumes/source/_data")
        try TreeBuilder(data).fill(seed: 7, RandomTreeOptions(entries: 14, largestFileBytes: 3000))
        source = try TreeFingerprint(data)
        try holdfast("backup", "create", "source", "--to", template("first.tar.zst")).check()
        try template.makeDirectory("engine/volumes/target/_data")
        try ScriptedEngine.write(ScriptedEngine.dockerLike, to: template("engine/docker"))
        let target = template("engine/volumes/target/_data")
        try TreeBuilder(target).fill(seed: 8, RandomTreeOptions(entries: 10, largestFileBytes: 3000))
        previous = try TreeFingerprint(target)
    }

    @Test(
        "backup restore into a new volume: whole, not there, or for an instant empty",
        arguments: FaultSweep.possibleTroubles)
    func restoreNew(_ trouble: FaultSweep.Trouble) throws {
        let (source, previous) = (source, previous)
        let arguments = ["backup", "restore", "{}/first.tar.zst", "--to", "docker:fresh", "--threads", "2"]
        try FaultSweep(template: template, arguments: arguments, environment: Self.environment).run(trouble) { run in
            let data = "\(run.folder)/engine/volumes/fresh/_data"
            let isThere = try Tool.run("test", "-e", data).status == 0
            try require(isThere || run.result.status != 0, "an acknowledged volume is lost", run)
            try require(!isThere || run.result.status != 1, "a volume of a failed restore is left", run)
            if try isThere && (run.result.status == 0 || !Tool.run("ls", "-A", data).check().output.isEmpty) {
                try run.requireSameTree(data, source, "half a volume")
            }
            try Self.checkNext(run, into: "fresh", source)
            try run.requireSameTree("\(run.folder)/engine/volumes/target/_data", previous, "another volume changed")
        }
    }

    @Test("backup restore --replace: the old data or the new data", arguments: FaultSweep.possibleTroubles)
    func replace(_ trouble: FaultSweep.Trouble) throws {
        let (source, previous) = (source, previous)
        let arguments = [
            "backup", "restore", "{}/first.tar.zst", "--to", "docker:target", "--replace", "--threads", "2",
        ]
        try FaultSweep(template: template, arguments: arguments, environment: Self.environment).run(trouble) { run in
            let data = "\(run.folder)/engine/volumes/target/_data"
            if try run.result.status == 0 || TreeFingerprint(data) != previous {
                try run.requireSameTree(data, source, "neither the old data nor the new")
            }
            try Self.checkNext(run, into: "target", source)
        }
    }

    @Test("volume import --from: whole or not there, the original untouched", arguments: FaultSweep.possibleTroubles)
    func adopt(_ trouble: FaultSweep.Trouble) throws {
        let previous = previous
        let arguments = ["volume", "import", "--from", "docker:target", "adopted"]
        try FaultSweep(template: template, arguments: arguments, environment: Self.environment).run(trouble) { run in
            try run.checkStoreIsClean()
            try run.requireSameTree("\(run.folder)/engine/volumes/target/_data", previous, "the original changed")
            let isThere = try run.names().contains("adopted")
            try require(isThere || run.result.status != 0, "an acknowledged volume is lost", run)
            if isThere {
                try run.requireSameTree("\(run.folder)/store/volumes/adopted/_data", previous, "half a volume")
            }
        }
    }

    /// The next restore brings the data, and removes what a killed one left.
    private static func checkNext(_ run: FaultSweep.Run, into name: String, _ source: TreeFingerprint) throws {
        let again = ["backup", "restore", "\(run.folder)/first.tar.zst", "--to", "docker:\(name)", "--replace"]
        try run.holdfast.run(again).check()
        try run.requireSameTree("\(run.folder)/engine/volumes/\(name)/_data", source, "the next restore failed")
        let next = ["backup", "restore", "\(run.folder)/first.tar.zst", "--to", "docker:another"]
        try run.holdfast.run(next).check()
        let left = try Tool.run("find", "\(run.folder)/engine", "-name", ".holdfast*").check()
        try require(left.output.isEmpty, "left behind: \(left.text)", run)
    }
}
