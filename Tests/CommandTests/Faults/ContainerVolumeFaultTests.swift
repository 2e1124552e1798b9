import TestSupport
import Testing

/// Goal: a container and the volumes that are made for it are there together, complete, or not at all; what goes with a
/// container goes with it. Method: every changing call, with every fault and with power cuts, on copies of one folder.
@Suite(
    "Faults in volumes of containers",
    .enabled(if: FaultSweep.isPossible && Environment.isRoot, "the binary has no fault seam, or this is not root"))
struct ContainerVolumeFaultTests {
    private let template: TemporaryDirectory
    private static let content = ["a", "sub", "sub/x"]

    init() throws {
        template = try TemporaryDirectory("template")
        let holdfast = CommandRunner(root: template("store"))
        let members: [TarMember] = [
            .directory("data", mode: 0o750), .file("data/a", String(repeating: "a", count: 5000)),
            .directory("data/sub"), .file("data/sub/x", "x"),
        ]
        var image = try ImageFixture([members], names: ["app:1"])
        image.settings = #"{"Cmd":["/bin/sh"],"Volumes":{"/data/sub":{}}}"#
        try ImageLayout.docker25.write([image], to: template("app.tar"))
        try holdfast("image", "load", "-i", template("app.tar")).check()
        try holdfast("volume", "create", "other").check()
        try holdfast("container", "create", "--name", "old", "-v", "other:/x", "app:1").check()
    }

    private func containers(_ run: FaultSweep.Run) throws -> [String] {
        try JSON(parsing: run.holdfast("container", "ls", "--json").check().text).elements.compactMap {
            $0["name"].text
        }
    }

    private func content(_ volume: String, _ run: FaultSweep.Run) throws -> [String] {
        try Tool.script(
            "cd \"$1\" && find . -mindepth 1 -printf '%P\\n' | LC_ALL=C sort",
            "\(run.folder)/store/volumes/\(volume)/_data"
        ).check().lines
    }

    @Test(
        "container create: the container with its volumes, filled, or none of them",
        arguments: FaultSweep.possibleTroubles)
    func create(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(
            template: template, arguments: ["container", "create", "--name", "new", "-v", "named:/data", "app:1"]
        ).run(trouble) { run in
            try run.checkStoreIsClean()
            let isMade = try containers(run) == ["old", "new"]
            let volumes = try run.names()
            try require(isMade || run.result.status != 0, "an acknowledged container is lost", run)
            try require(volumes.count == (isMade ? 4 : 2), "other volumes: \(volumes)", run)
            try require(volumes.contains("named") == isMade, "the volume is there without the container", run)
            guard isMade else { return }
            try require(try content("named", run) == Self.content, "the volume is not filled", run)
            let mode = try Tool.run("stat", "-c", "%a", "\(run.folder)/store/volumes/named/_data").check().text
            try require(mode == "750\n", "the volume has another mode: \(mode)", run)
        }
    }

    @Test("container rm -v: the container and its anonymous volume, or neither", arguments: FaultSweep.possibleTroubles)
    func remove(_ trouble: FaultSweep.Trouble) throws {
        try FaultSweep(template: template, arguments: ["container", "rm", "-v", "old"]).run(trouble) { run in
            try run.checkStoreIsClean()
            let isGone = try containers(run).isEmpty
            let volumes = try run.names()
            try require(isGone || run.result.status != 0, "an acknowledged removal is undone", run)
            try require(volumes.contains("other") && volumes.count == (isGone ? 1 : 2), "volumes: \(volumes)", run)
        }
    }
}
