import TestSupport
import Testing

/// Goal: containers of Docker and Podman are paused by their engine, run on afterwards, and run hooks. Method: a container that
/// counts, and the engine's own word on its state.
struct CountingContainer {
    static let counting = """
        n=0; while [ ! -e /data/stop ]; do n=$((n+1)); for f in a.txt b.txt; do echo $n > /data/$f; done; sleep 0.01; done
        """

    let store: StoreFixture
    let holdfast: CommandRunner
    let engine: String
    let run: ([String]) throws -> ProcessResult
    let runtime: [String]
    let limits: [String]

    /// Loads the image, makes the volume `vol` and starts the container `db` that counts in it.
    func start() throws {
        try BusyboxStore.image.write(store("box.tar"))
        try run(["load", "-i", store("box.tar")]).check()
        try run(["volume", "create", "vol"]).check()
        try run(
            runtime + ["run", "--detach", "--network", "none", "--name", "db", "--volume", "vol:/data"] + limits
                + ["box:1", "/bin/sh", "-c", Self.counting]
        ).check()
        try waitUntil("it counts") { (try? value()) ?? 0 > 1 }
    }

    func stop() { _ = try? run(runtime + ["rm", "--force", "db"]) }

    func state() throws -> String {
        try run(["container", "inspect", "--format", "{{.State.Status}}", "db"]).check().lines[0]
    }

    func home() throws -> String {
        try run(["volume", "inspect", "--format", "{{.Mountpoint}}", "vol"]).check().lines[0]
    }

    func value() throws -> Int { Int(try Tool.run("cat", home() + "/a.txt").check().lines.first ?? "") ?? 0 }

    func requireProgress() throws {
        let before = try value()
        try waitUntil("it counts on") { (try? value()) ?? 0 > before }
    }

    func backUp(_ options: String...) throws -> JSON {
        let arguments = ["backup", "create", "\(engine):vol", "--to", store("b"), "--consistency", "freeze", "--json"]
        return try JSON(parsing: holdfast.run(arguments + options).check().text)[0]
    }

    /// Whether a child has ended and waits to be collected.
    private static func hasEnded(_ child: ChildProcess) -> Bool {
        let text = (try? Tool.run("cat", "/proc/\(child.identifier)/stat").text) ?? ""
        return text.split(separator: ")").last?.hasPrefix(" Z") != false
    }

    /// Everything that is to be so, in a row: an engine takes long to start.
    func check() throws {
        try start()
        defer { stop() }
        let report = try backUp("--exec-before", "db:echo $HOLDFAST_VOLUME; cat /etc/motd > /data/dump")
        #expect(report["consistency"] == "frozen")
        #expect(report["frozen"].elements.map(\.text) == ["container 'db'"])
        #expect(report["hooks"][0]["output"].text == "vol\n")
        #expect(report["hooks"][0]["container"].text == "\(engine):db")
        let archive = try #require(report["archive"].text)
        #expect(try holdfast("backup", "cat", archive, "dump").check().text == "from the image\n")
        let values = try ["a.txt", "b.txt"].map { name in
            Int(try holdfast("backup", "cat", archive, name).check().lines.first ?? "")
        }
        if let a = values[0], let b = values[1] { #expect(a == b || a == b + 1) }
        #expect(try state() == "running")
        try requireProgress()
        #expect(try Tool.run("ls", "-A", home() + "/..").check().lines == ["_data"])

        // Killed in the middle of the freeze.
        let backup = try holdfast.start(
            ["backup", "create", "\(engine):vol", "--to", store("b"), "--consistency", "freeze"].map { Array($0.utf8) })
        try waitUntil("it is paused, or all is over") { (try? state()) != "running" || Self.hasEnded(backup) }
        backup.send(9)
        try waitUntil("it runs again") { (try? state()) == "running" }
        try requireProgress()

        // The watchdog of the killed backup looks a while for a pause that was under way.
        try Tool.run("sleep", "4").check()

        // Paused by somebody else.
        try run(["pause", "db"]).check()
        #expect(try backUp()["frozen"].elements.isEmpty)
        #expect(try state() == "paused")
        try run(["unpause", "db"]).check()
        try requireProgress()
    }
}

@Suite("Freezing Docker's containers", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"), .dockerEngine)
struct DockerFreezeTests {
    @Test("paused by Docker, for the reading, and running again whatever happens")
    func docker() throws {
        let engine = try EngineFixture()
        try CountingContainer(
            store: engine.store, holdfast: engine.holdfast, engine: "docker", run: { try engine.docker.run($0) },
            runtime: [], limits: []
        ).check()
    }
}

@Suite("Freezing containers") struct EngineFreezeTests {
    @Test(
        "paused by Podman, for the reading, and running again whatever happens",
        .enabled(if: PodmanEngine.isPossible && Tool.exists("runc"), "needs podman, runc and root"))
    func podman() throws {
        let store = try StoreFixture("podman")
        let podman = try PodmanEngine()
        var holdfast = store.holdfast
        holdfast.environment["HOLDFAST_PODMAN"] = try podman.makeProgram()
        try CountingContainer(
            store: store, holdfast: holdfast, engine: "podman", run: { try podman.run($0) },
            runtime: ["--runtime", "runc"], limits: ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]
        ).check()
    }

    @Test("a container of the store", .enabled(if: BusyboxStore.isPossible, "needs runc, busybox and root"))
    func ownContainer() throws {
        let box = try BusyboxStore("freeze")
        try box.holdfast("volume", "create", "vol").check()
        let command = ["container", "run", "--name", "c", "-v", "vol:/data", "box:1", "/bin/sh", "-c"]
        let running = try box.holdfast.start((command + [CountingContainer.counting]).map { Array($0.utf8) })
        let data = try box.store.mountpoint("vol")
        let value = { Int((try? Tool.run("cat", data + "/a.txt").lines.first) ?? "") ?? 0 }
        try waitUntil("it counts") { value() > 1 }
        let result = try box.holdfast(
            "backup", "create", "vol", "--to", box.store("b"), "--consistency", "freeze", "--json", "--exec-before",
            "c:cat /etc/motd > /data/dump; echo $HOLDFAST_SOURCE"
        ).check()
        let report = try JSON(parsing: result.text)[0]
        #expect(report["consistency"] == "frozen")
        #expect(!report["frozen"].elements.isEmpty)
        #expect(report["hooks"][0]["output"].text == "holdfast:vol\n")
        #expect(
            try box.holdfast("backup", "cat", report["archive"].text ?? "", "dump").check().text == "from the image\n")
        let before = value()
        try waitUntil("it counts on") { value() > before }
        try Tool.run("touch", data + "/stop").check()
        try running.wait().check()
    }
}
