import TestSupport
import Testing

/// Goal: whatever call of a rename, clone, import or prune fails or kills the process, a volume is whole under one
/// name, or as it was. Method: every changing call, with every fault, on copies of one store. A change of labels is one
/// transaction of the catalog and makes no such call.
@Suite("Faults in changes of volumes", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct VolumeChangeFaultTests {
    private let template: TemporaryDirectory
    private let old: TreeFingerprint
    private let other: TreeFingerprint

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "old", "--label", "a=b").check()
        let data = template("store/volumes/old/_data")
        try TreeBuilder(data).fill(seed: 3, RandomTreeOptions(entries: 12, largestFileBytes: 2000))
        old = try TreeFingerprint(data)
        let content = try template.makeDirectory("content")
        try TreeBuilder(content).fill(seed: 4, RandomTreeOptions(entries: 9, largestFileBytes: 2000))
        other = try TreeFingerprint(content)
        try Tool.run(
            "tar", "--format=pax", "--xattrs", "--acls", "--numeric-owner", "-cf", template("other.tar"), "-C", content,
            "."
        ).check()
    }

    /// Where the one volume that was there is now, whole.
    private static func requireOld(_ run: FaultSweep.Run, _ names: [String], _ old: TreeFingerprint) throws -> String {
        let found = names.filter { $0 == "old" || $0 == "new" }
        try require(found.count == 1, "the volume is not there once: \(names)", run)
        try run.requireSameTree("\(run.folder)/store/volumes/\(found[0])/_data", old, "the volume changed")
        let labels = try JSON(parsing: run.holdfast("volume", "inspect", found[0]).check().text)[0]["labels"]
        try require(labels["a"] == "b", "the volume lost its label", run)
        return found[0]
    }

    @Test("volume rename: the whole volume, under the old name or the new one", arguments: FaultSweep.possibleTroubles)
    func rename(_ trouble: FaultSweep.Trouble) throws {
        let old = old
        try FaultSweep(template: template, arguments: ["volume", "rename", "old", "new"]).run(trouble) { run in
            try run.checkStoreIsClean()
            let name = try Self.requireOld(run, run.names(), old)
            if run.result.status == 0 { try require(name == "new", "an acknowledged rename is undone", run) }
            let listed = try Tool.run("ls", "-A", "\(run.folder)/store/volumes").check().lines
            try require(listed == [name], "a directory has no row: \(listed)", run)
            if name == "old" { try run.holdfast("volume", "rename", "old", "new").check() }
            try run.holdfast("volume", "create", "old").check()
            _ = try Self.requireOld(run, ["new"], old)
            try run.holdfast("volume", "rm", "new", "old").check()
        }
    }

    @Test("volume clone: a whole clone, or none; the source is as it was", arguments: FaultSweep.possibleTroubles)
    func clone(_ trouble: FaultSweep.Trouble) throws {
        let old = old
        try FaultSweep(template: template, arguments: ["volume", "clone", "old", "copy"]).run(trouble) { run in
            try run.checkStoreIsClean()
            let names = try run.names()
            _ = try Self.requireOld(run, names, old)
            if names.contains("copy") {
                try run.requireSameTree("\(run.folder)/store/volumes/copy/_data", old, "half a clone")
                try run.holdfast("volume", "rm", "copy").check()
            } else {
                try require(run.result.status != 0, "an acknowledged clone is lost", run)
            }
            try run.holdfast("volume", "clone", "old", "copy").check()
        }
    }

    @Test("volume import --replace: the old data or the new", arguments: FaultSweep.possibleTroubles)
    func replace(_ trouble: FaultSweep.Trouble) throws {
        let (old, other) = (old, other)
        try FaultSweep(template: template, arguments: ["volume", "import", "old", "{}/other.tar", "--replace"])
            .run(trouble) { run in
                try run.checkStoreIsClean()
                let data = "\(run.folder)/store/volumes/old/_data"
                if try run.result.status == 0 || TreeFingerprint(data) != old {
                    try run.requireSameTree(data, other, "neither the old data nor the new")
                }
            }
    }

    @Test("volume import into a new volume: whole or not there", arguments: FaultSweep.possibleTroubles)
    func importNew(_ trouble: FaultSweep.Trouble) throws {
        let (old, other) = (old, other)
        try FaultSweep(template: template, arguments: ["volume", "import", "fresh", "{}/other.tar"]).run(trouble) {
            run in
            try run.checkStoreIsClean()
            let names = try run.names()
            _ = try Self.requireOld(run, names, old)
            let isThere = names.contains("fresh")
            try require(isThere || run.result.status != 0, "an acknowledged volume is lost", run)
            if isThere { try run.requireSameTree("\(run.folder)/store/volumes/fresh/_data", other, "half a volume") }
        }
    }

    @Test("volume prune: what it says it removed is gone, and nothing else", arguments: FaultSweep.possibleTroubles)
    func prune(_ trouble: FaultSweep.Trouble) throws {
        let old = old
        let holdfast = CommandRunner(root: template("store"))
        for _ in 0..<2 { try holdfast("volume", "create").check() }
        try FaultSweep(template: template, arguments: ["volume", "prune"]).run(trouble) { run in
            try run.checkStoreIsClean()
            let names = try run.names()
            _ = try Self.requireOld(run, names, old)
            if run.result.status == 0 { try require(names == ["old"], "an acknowledged removal is undone", run) }
            try run.holdfast("volume", "prune").check()
            try require(run.names() == ["old"], "the next prune left something", run)
        }
    }
}
