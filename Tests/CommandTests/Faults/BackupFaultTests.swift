import TestSupport
import Testing

/// Goal: whatever call of a backup or a replacing restore fails or kills the process, no half archive passes for a whole one,
/// and a volume has its old data or its new. Method: every changing call, with every fault, on copies of one folder.
@Suite("Faults in backup commands", .enabled(if: FaultSweep.isPossible, "the binary has no fault seam"))
struct BackupFaultTests {
    private let template: TemporaryDirectory
    private let source: TreeFingerprint
    private let previous: TreeFingerprint

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("volume", "create", "source").check()
        let data = template("store/volumes/source/_data")
        try TreeBuilder(data).fill(seed: 5, RandomTreeOptions(entries: 14, largestFileBytes: 3000))
        source = try TreeFingerprint(data)
        try holdfast("backup", "create", "source", "--to", template("first.tar.zst")).check()
        try holdfast("volume", "create", "target").check()
        let target = template("store/volumes/target/_data")
        try TreeBuilder(target).fill(seed: 6, RandomTreeOptions(entries: 10, largestFileBytes: 3000))
        previous = try TreeFingerprint(target)
    }

    @Test(
        "backup create: an archive at its final name is whole; a failed run leaves no file",
        arguments: FaultSweep.possibleTroubles)
    func create(_ trouble: FaultSweep.Trouble) throws {
        let source = source
        try FaultSweep(
            template: template, arguments: ["backup", "create", "source", "--to", "{}/backups", "--threads", "2"]
        )
        .run(trouble) { run in
            try run.checkStoreIsClean()
            try run.requireSameTree("\(run.folder)/store/volumes/source/_data", source, "the source changed")
            let archives = try Self.archives(run)
            if run.result.status == 0 { try require(archives.count == 1, "an acknowledged archive is lost", run) }
            for archive in archives { try run.holdfast("backup", "verify", archive).check() }
            try run.holdfast("backup", "create", "source", "--to", "\(run.folder)/backups").check()
            try require(Self.archives(run).count == archives.count + 1, "the next backup made no archive", run)
            let others = try Tool.run("find", "\(run.folder)/backups", "-type", "f", "!", "-name", "*.tar.zst").check()
            try require(others.output.isEmpty, "left behind after the next backup: \(others.text)", run)
        }
    }

    @Test(
        "backup create --link-unchanged: the old archive stays, and every name leads to a whole one",
        arguments: FaultSweep.possibleTroubles)
    func link(_ trouble: FaultSweep.Trouble) throws {
        // Outside of what is copied for each run, since a copy has other inodes and times; and not just written.
        let data = try TemporaryDirectory("unchanged")
        try TreeBuilder(data("tree")).fill(seed: 8, RandomTreeOptions(entries: 10, largestFileBytes: 3000))
        try Tool.run("sleep", "3.1").check()
        let source = "dir:" + data("tree")
        let holdfast = CommandRunner(root: template("store"))
        try holdfast("backup", "create", source, "--to", template("backups")).check()
        let sweep = FaultSweep(
            template: template, arguments: ["backup", "create", source, "--to", "{}/backups", "--link-unchanged"])
        #expect(try sweep.operations().contains("linkat"))
        try sweep.run(trouble) { run in
            let archives = try Self.archives(run)
            try require(archives.count >= (run.result.status == 0 ? 2 : 1), "an archive is lost", run)
            for archive in archives { try run.holdfast("backup", "verify", archive).check() }
            let others = try Tool.run("find", "\(run.folder)/backups", "-type", "f", "!", "-name", "*.tar.zst").check()
            try require(others.output.isEmpty, "left behind: \(others.text)", run)
        }
    }

    @Test(
        "backup create --force: the old archive or the new one, always a whole one",
        arguments: FaultSweep.possibleTroubles)
    func replaceArchive(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(
            template: template, arguments: ["backup", "create", "source", "--to", "{}/first.tar.zst", "--force"]
        ).run(trouble) { run in
            try run.holdfast("backup", "verify", "\(run.folder)/first.tar.zst").check()
        }
    }

    @Test(
        "backup restore --replace: the old data or the new data, never a mixture",
        arguments: FaultSweep.possibleTroubles)
    func replaceVolume(_ trouble: FaultSweep.Trouble) throws {
        let (source, previous) = (source, previous)
        try FaultSweep(
            template: template,
            arguments: ["backup", "restore", "{}/first.tar.zst", "--to", "target", "--replace", "--threads", "2"]
        ).run(trouble) { run in
            try run.checkStoreIsClean()
            let data = "\(run.folder)/store/volumes/target/_data"
            if try run.result.status == 0 || TreeFingerprint(data) != previous {
                try run.requireSameTree(data, source, "neither the old data nor the new")
            }
            try run.requireSameTree("\(run.folder)/store/volumes/source/_data", source, "another volume changed")
            try run.holdfast("backup", "restore", "\(run.folder)/first.tar.zst", "--to", "target", "--replace").check()
            try run.requireSameTree(data, source, "the next restore did not bring the data")
        }
    }

    @Test("backup restore into a new volume: whole or not there", arguments: FaultSweep.possibleTroubles)
    func restoreNewVolume(_ trouble: FaultSweep.Trouble) throws {
        let source = source
        try FaultSweep(
            template: template, arguments: ["backup", "restore", "{}/first.tar.zst", "--to", "fresh", "--threads", "2"]
        ).run(trouble) { run in
            try run.checkStoreIsClean()
            let isThere = try run.names().contains("fresh")
            try require(isThere || run.result.status != 0, "an acknowledged volume is lost", run)
            if isThere { try run.requireSameTree("\(run.folder)/store/volumes/fresh/_data", source, "half a volume") }
        }
    }

    @Test(
        "backup forget: what the policy keeps stays, and an acknowledged removal is one",
        arguments: FaultSweep.possibleTroubles)
    func forget(_ trouble: FaultSweep.Trouble) throws {
        let folder = try template.makeDirectory("backups/holdfast/source")
        let times = ["20240101T000000Z", "20240101T000000Z-1", "20240102T000000Z", "20240103T000000Z"]
        let names = times.map { "\(folder)/\($0).tar.zst" }
        for name in names { try Tool.run("cp", template("first.tar.zst"), name).check() }
        let arguments = ["backup", "forget", "{}/backups", "--keep-last", "1"]
        try FaultSweep(template: template, arguments: arguments).run(trouble) { run in
            let archives = try Self.archives(run)
            try require(archives.last?.hasSuffix("20240103T000000Z.tar.zst") == true, "the kept archive is lost", run)
            if run.result.status == 0 { try require(archives.count == 1, "an acknowledged removal did not last", run) }
            for archive in archives { try run.holdfast("backup", "verify", archive).check() }
            try run.holdfast("backup", "forget", "\(run.folder)/backups", "--keep-last", "1").check()
            try require(Self.archives(run).count == 1, "the next run did not remove them", run)
        }
    }

    @Test(
        "backup scrub: its notes are whole, archives stay, and the next scrub goes on",
        arguments: FaultSweep.possibleTroubles)
    func scrub(_ trouble: FaultSweep.Trouble) throws {
        let folder = try template.makeDirectory("backups/holdfast/source")
        for name in ["20240101T000000Z", "20240102T000000Z"] {
            try Tool.run("cp", template("first.tar.zst"), "\(folder)/\(name).tar.zst").check()
        }
        try FaultSweep(template: template, arguments: ["backup", "scrub", "{}/backups"]).run(trouble) { run in
            try require(Self.archives(run).count == 2, "an archive is lost", run)
            let notes = try Tool.run("cat", "\(run.folder)/backups/.holdfast-scrub.json")
            let noted = try notes.status == 0 ? JSON(parsing: notes.text).keys.count : 0
            if run.result.status == 0 { try require(noted == 2, "an acknowledged check is forgotten", run) }
            let next = try run.holdfast("backup", "scrub", "\(run.folder)/backups", "--json").check()
            try require(JSON(parsing: next.text)["neverVerified"].integer == 0, "not everything is checked", run)
            let left = try Tool.run("find", "\(run.folder)/backups", "-name", "*.partial").check()
            try require(left.output.isEmpty, "left behind after the next scrub: \(left.text)", run)
        }
    }

    @Test(
        "backup create --consistency snapshot: no clone is left, no half archive passes for a whole one",
        .enabled(if: LiveDisk.isPossible, "XFS cannot be mounted"), arguments: FaultSweep.possibleTroubles)
    func snapshot(_ trouble: FaultSweep.Trouble) throws {
        let source = source
        let disk = try LiveDisk()
        let arguments = [
            "backup", "create", "source", "--to", "{}/backups", "--consistency", "snapshot", "--threads", "1",
            "--no-sync",
        ]
        var sweep = FaultSweep(template: template, arguments: trouble == .power ? arguments.dropLast() : arguments)
        (sweep.place, sweep.formats) = (disk.disk.path, [.xfs])
        try sweep.run(trouble, limit: 60) { run in
            try run.checkStoreIsClean()
            try run.requireSameTree("\(run.folder)/store/volumes/source/_data", source, "the source changed")
            let archives = try Self.archives(run)
            if run.result.status == 0 { try require(archives.count == 1, "an acknowledged archive is lost", run) }
            for archive in archives { try run.holdfast("backup", "verify", archive).check() }
        }
    }

    private static func archives(_ run: FaultSweep.Run) throws -> [String] {
        try Tool.run("find", "\(run.folder)/backups", "-name", "*.tar.zst").lines.sorted()
    }
}
