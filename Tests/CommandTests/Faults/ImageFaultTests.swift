import TestSupport
import Testing

/// Goal: whatever call of a command on images and containers fails or kills the process, the store has the object whole or not
/// at all, and nothing leaks. Method: every changing call, with every fault, on copies of one folder.
@Suite(
    "Faults in image and container commands",
    .enabled(if: FaultSweep.isPossible && Environment.isRoot, "the binary has no fault seam, or this is not root"))
struct ImageFaultTests {
    private let template: TemporaryDirectory

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        let base: [TarMember] = [.directory("d"), .file("d/a", "1"), .file("d/b", String(repeating: "b", count: 3000))]
        let old = try ImageFixture([base], names: ["old:1"])
        let new = try ImageFixture(
            [base, [.whiteout(of: "d/a"), .file("d/c", "3"), .hardLink("d/e", to: "d/c")]], names: ["new:1"])
        try ImageLayout.docker25.write([old], to: template("old.tar"))
        try ImageLayout.docker25.write([new], to: template("new.tar"))
        try holdfast("image", "load", "-i", template("old.tar")).check()
        try holdfast("container", "create", "--name", "c", "old:1").check()
        let id = try JSON(parsing: holdfast("container", "inspect", "c").check().text)[0]["id"].text ?? ""
        try TreeBuilder(template("store/containers/\(id)/upper")).file("changed", "x")
    }

    private func images(_ run: FaultSweep.Run) throws -> [String] {
        try JSON(parsing: run.holdfast("image", "ls", "--json").check().text).elements
            .flatMap { $0["names"].elements.compactMap(\.text) }.sorted()
    }

    /// After the following command everything in the catalog is whole, and nothing else lies in the store.
    private func checkIsTidy(_ run: FaultSweep.Run) throws {
        let check = try run.holdfast("check", "--read-data")
        try require(check.status == 0, "the store is damaged: \(check)", run)
        for name in ["staging", "trash"] {
            let left = try Tool.run("ls", "-A", "\(run.folder)/store/\(name)").check().lines
            try require(left.isEmpty, "\(name)/ is not empty after the next command: \(left)", run)
        }
        let rows = try Tool.run(
            "sqlite3", "\(run.folder)/store/catalog.sqlite",
            "SELECT chain_id FROM layers UNION ALL SELECT digest FROM images UNION ALL SELECT container_id FROM containers;"
        ).check().lines.sorted()
        let entries = try Tool.script(
            "cd \"$1\"; ls -A layers blobs/sha256 containers | grep -E '^[0-9a-f]{64}$' | sort || true",
            "\(run.folder)/store"
        ).check().lines.sorted()
        try require(rows == entries, "rows and entries differ:\n\(rows)\n\(entries)", run)
    }

    @Test("image load: the image is there whole, or not at all", arguments: FaultSweep.possibleTroubles)
    func load(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(template: template, arguments: ["image", "load", "-i", "{}/new.tar"]).run(trouble) { run in
            try checkIsTidy(run)
            let names = try images(run)
            try require(names == ["old:1"] || names == ["new:1", "old:1"], "other images: \(names)", run)
            if run.result.status == 0 { try require(names.count == 2, "an acknowledged image is lost", run) }
            try run.holdfast("image", "load", "-i", "\(run.folder)/new.tar").check()
        }
    }

    @Test("container commit: the new image is there whole, or not at all", arguments: FaultSweep.possibleTroubles)
    func commit(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(template: template, arguments: ["container", "commit", "c", "made:1"]).run(trouble) { run in
            try checkIsTidy(run)
            let names = try images(run)
            try require(names == ["old:1"] || names == ["made:1", "old:1"], "other images: \(names)", run)
            if run.result.status == 0 { try require(names.count == 2, "an acknowledged image is lost", run) }
        }
    }

    @Test("image rm: the image is gone with its layers, or as it was", arguments: FaultSweep.possibleTroubles)
    func remove(_ trouble: FaultSweep.Trouble) throws {
        let prepared = try TemporaryDirectory("prepared")
        try Tool.run("cp", "-a", template.path + "/.", prepared.path).check()
        try CommandRunner(root: prepared("store"))("image", "load", "-i", prepared("new.tar")).check()
        try FaultSweep(template: prepared, arguments: ["image", "rm", "new:1"]).run(trouble) { run in
            try checkIsTidy(run)
            let names = try images(run)
            try require(names == ["old:1"] || names == ["new:1", "old:1"], "other images: \(names)", run)
            if run.result.status == 0 { try require(names.count == 1, "an acknowledged removal is undone", run) }
        }
    }

    @Test("container create and rm: there whole, or not at all", arguments: FaultSweep.possibleTroubles)
    func containers(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(template: template, arguments: ["container", "create", "--name", "d", "old:1"]).run(trouble) {
            run in
            try checkIsTidy(run)
            let count = try run.holdfast("container", "ls", "-q").check().lines.count
            try require(count == 2 || run.result.status != 0, "an acknowledged container is lost", run)
        }
        try FaultSweep(template: template, arguments: ["container", "rm", "c"]).run(trouble) { run in
            try checkIsTidy(run)
            let count = try run.holdfast("container", "ls", "-q").check().lines.count
            try require(count == 0 || run.result.status != 0, "an acknowledged removal is undone", run)
        }
    }
}
