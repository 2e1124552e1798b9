import Glibc
import TestSupport
import Testing

/// Goal: whatever call of `volume seed` fails or kills the process, and whenever the power goes, the volume has its old content
/// or the image's, the record tells which, and nothing leaks. Method: every changing call, with every fault, on copies.
@Suite(
    "Faults in volume seed",
    .enabled(if: FaultSweep.isPossible && Environment.isRoot, "the binary has no fault seam, or this is not root"))
struct SeedFaultTests {
    private let template: TemporaryDirectory
    private let wanted: TreeFingerprint
    private let wantedInside: TreeFingerprint
    private let own: TreeFingerprint

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        let image = try ImageFixture(
            [
                [
                    .directory("d", mode: 0o750).owned(by: 5, 6), .file("d/a", "1"), .directory("d/e"),
                    .file("d/e/f", "2"),
                ],
                [.file("d/b", String(repeating: "b", count: 3000), mode: 0o4711), .hardLink("d/c", to: "d/b")],
            ], names: ["app:1"])
        try ImageLayout.docker25.write([image], to: template("image.tar"))
        try holdfast("image", "load", "-i", template("image.tar")).check()
        try Tool.run("rm", template("image.tar")).check()
        try holdfast("volume", "seed", "model", "--image", "app:1", "--path", "/d").check()
        wanted = try TreeFingerprint(template("store/volumes/model/_data"))
        wantedInside = try TreeFingerprint(template("store/volumes/model/_data"), .ignoringRoot)
        try holdfast("volume", "create", "empty").check()
        try holdfast("volume", "create", "full").check()
        try TreeBuilder(template("store/volumes/full/_data")).fill(
            seed: 7, RandomTreeOptions(entries: 10, largestFileBytes: 3000))
        own = try TreeFingerprint(template("store/volumes/full/_data"))
    }

    private func populatedFrom(_ volume: String, _ run: FaultSweep.Run) throws -> String? {
        try JSON(parsing: run.holdfast("volume", "inspect", volume).check().text)[0]["populatedFrom"].text
    }

    @Test("an empty volume is empty or whole, and its record says which", arguments: FaultSweep.possibleTroubles)
    func fill(_ trouble: FaultSweep.Trouble) throws {
        let wanted = wanted
        try FaultSweep(
            template: template, arguments: ["volume", "seed", "empty", "--image", "app:1", "--path", "/d"]
        ).run(trouble) { run in
            try run.checkStoreIsClean()
            let data = "\(run.folder)/store/volumes/empty/_data"
            let isEmpty = try Tool.run("ls", "-A", data).check().lines.isEmpty
            try require(run.result.status != 0 || !isEmpty, "an acknowledged population is lost", run)
            try require(populatedFrom("empty", run) == (isEmpty ? nil : "app:1"), "the record is wrong", run)
            if isEmpty { try run.holdfast("volume", "seed", "empty", "--image", "app:1", "--path", "/d").check() }
            try run.requireSameTree(data, wanted, "not what the image has")
        }
    }

    @Test("a missing volume is made whole, or not at all", arguments: FaultSweep.possibleTroubles)
    func make(_ trouble: FaultSweep.Trouble) throws {
        let wanted = wanted
        try FaultSweep(
            template: template, arguments: ["volume", "seed", "new", "--image", "app:1", "--path", "/d"]
        ).run(trouble) { run in
            try run.checkStoreIsClean()
            let isThere = try run.names().contains("new")
            try require(isThere || run.result.status != 0, "an acknowledged volume is lost", run)
            guard isThere else { return }
            try require(populatedFrom("new", run) == "app:1", "the record is wrong", run)
            try run.requireSameTree("\(run.folder)/store/volumes/new/_data", wanted, "half a volume")
        }
    }

    @Test("--force: the old data or the image's, and the record says which", arguments: FaultSweep.possibleTroubles)
    func replace(_ trouble: FaultSweep.Trouble) throws {
        let (wanted, own) = (wanted, own)
        try FaultSweep(
            template: template, arguments: ["volume", "seed", "full", "--image", "app:1", "--path", "/d", "--force"]
        ).run(trouble) { run in
            try run.checkStoreIsClean()
            let data = "\(run.folder)/store/volumes/full/_data"
            let isOld = try TreeFingerprint(data) == own
            try require(run.result.status != 0 || !isOld, "an acknowledged exchange is lost", run)
            if !isOld { try run.requireSameTree(data, wanted, "neither the old data nor the new") }
            try require(populatedFrom("full", run) == (isOld ? nil : "app:1"), "the record is wrong", run)
        }
    }

    @Test("a volume in use, populated where it is: empty or whole once it is opened again")
    func inPlace() throws {
        let line = ["volume", "seed", "empty", "--image", "app:1", "--path", "/d"]
        var (number, completed, undone) = (0, 0, 0)
        while true {
            number += 1
            let folder = try TemporaryDirectory("fault")
            try Tool.run("cp", "-a", template.path + "/.", folder.path).check()
            let holdfast = CommandRunner(root: folder("store"))
            let (data, elsewhere) = (folder("store/volumes/empty/_data"), try folder.makeDirectory("elsewhere"))
            try Tool.run("mount", "--bind", data, elsewhere).check()
            defer { _ = try? Tool.run("umount", "--lazy", elsewhere) }
            let result = try holdfast.run(line, environment: ["HOLDFAST_FAULT": "\(number):kill"])
            // A reader finds the volume in order, too.
            let names = try holdfast("volume", "seed", "empty", "--diff", "--image", "app:1", "--path", "/d")
            #expect(names.status == 0, "call \(number): \(names)")
            let left = try Tool.run("ls", "-A", data).check().lines
            if left.isEmpty {
                undone += 1
                #expect(
                    try JSON(parsing: holdfast("volume", "inspect", "empty").check().text)[0]["populatedFrom"].text
                        == nil)
                #expect(result.status != 0, "an acknowledged population is lost, call \(number)")
            } else {
                completed += 1
                #expect(names.text.isEmpty, "call \(number): \(names.text)")
                // The removal of the hidden directory comes last but for the time of the root, which it changes.
                let difference = try TreeFingerprint(elsewhere, result.status == 0 ? [] : .ignoringRoot).difference(
                    from: result.status == 0 ? wanted : wantedInside)
                let owner = try Tool.run("stat", "-c", "%a %u:%g", elsewhere).check().text
                #expect(owner == "750 5:6\n")
                #expect(difference.isEmpty, "call \(number): \(difference.joined(separator: "\n"))")
                #expect(
                    try JSON(parsing: holdfast("volume", "inspect", "empty").check().text)[0]["populatedFrom"].text
                        == "app:1")
            }
            if result.status == 0 { break }
            #expect(result.status == 128 + 9, "\(result)")
        }
        #expect(undone > 10 && completed > 5, "\(undone) undone, \(completed) completed")
    }
}
