import TestSupport
import Testing

/// Goal: Podman's volumes are as Docker's. Method: a real Podman with a store of its own, and trees and labels that went
/// through every engine in turn.
@Suite("Podman's volumes", .enabled(if: PodmanEngine.isPossible, "needs podman and root"))
struct PodmanVolumeTests {
    private let store: StoreFixture
    private let podman: PodmanEngine
    private let holdfast: CommandRunner

    init() throws {
        store = try StoreFixture("podman")
        podman = try PodmanEngine()
        var holdfast = store.holdfast
        holdfast.environment["HOLDFAST_PODMAN"] = try podman.makeProgram()
        self.holdfast = holdfast
    }

    private func inspect(_ name: String) throws -> JSON {
        try JSON(parsing: podman("volume", "inspect", name).check().text)[0]
    }

    private func mountpoint(_ name: String) throws -> String { try #require(try inspect(name)["Mountpoint"].text) }

    @Test("backup, restore and adoption, with labels that are lists, quotes and line breaks to podman")
    func roundTrip() throws {
        let labels = ["plain": "a", "list": "a,b", "quote": "say \"x\"", "line": "one\ntwo", "empty": ""]
        try podman("volume", "create", "plain").check()
        try TreeBuilder(mountpoint("plain")).fill(seed: 41)
        try store.makeVolume("own", "--label", "plain=a", "--label", "list=a,b", "--label", "quote=say \"x\"").fill(
            seed: 42)
        try holdfast("volume", "create", "labelled", "--label", "line=one\ntwo", "--label", "list=a,b").check()
        let archive = try holdfast("backup", "create", "own", "--to", store("b")).check().lines[0]
        try holdfast("backup", "restore", archive, "--to", "podman:own").check()
        try expectSameTree(mountpoint("own"), store.mountpoint("own"))
        for key in ["plain", "list", "quote"] { #expect(try inspect("own")["Labels"][key].text == labels[key]) }
        let second = try holdfast("backup", "create", "labelled", "--to", store("b")).check().lines[0]
        try holdfast("backup", "restore", second, "--to", "podman:labelled").check()
        for key in ["line", "list"] { #expect(try inspect("labelled")["Labels"][key].text == labels[key]) }

        let back = try holdfast("backup", "create", "podman:own", "podman:plain", "--to", store("b")).check().lines
        #expect(
            back.map { $0.split(separator: "/").dropLast().suffix(2).joined(separator: "/") } == [
                "podman/own", "podman/plain",
            ])
        try holdfast("backup", "restore", back[1], "--to", "dir:" + store("plain")).check()
        try expectSameTree(store("plain"), mountpoint("plain"))
        #expect(try holdfast("volume", "import", "--from", "podman:own", "adopted").check().text == "adopted\n")
        try expectSameTree(store.mountpoint("adopted"), mountpoint("own"))
        #expect(try store.inspect("adopted")["labels"] == store.inspect("own")["labels"])
    }

    @Test("the beginning of a name is not the name, although podman takes it")
    func partialName() throws {
        try podman("volume", "create", "long-name").check()
        try podman("volume", "inspect", "long").check()
        try holdfast("volume", "inspect", "podman:long").check(4)
        try holdfast("backup", "create", "podman:long", "--to", store("b")).check(4)
        try store.makeVolume("v").file("f", "f")
        let archive = try holdfast("backup", "create", "v", "--to", store("b")).check().lines[0]
        try holdfast("backup", "restore", archive, "--to", "podman:long").check()
        #expect(try podman("volume", "ls", "--quiet").check().lines.sorted() == ["long", "long-name"])
        #expect(try Tool.run("ls", "-A", mountpoint("long-name")).check().output.isEmpty)
    }

    @Test("options stay where they mean the same, and a name of one letter is a name")
    func options() throws {
        try podman("volume", "create", "--opt", "o=uid=1000,gid=1001", "o").check()
        try TreeBuilder(mountpoint("o")).file("f", "f")
        let listed = try JSON(parsing: holdfast("volume", "ls", "--engine", "podman", "--json").check().text)
        #expect(listed[0]["options"].keys == ["o"] && listed[0]["name"] == "o")
        let archive = try holdfast("backup", "create", "--all", "--engine", "podman", "--to", store("b")).check().lines[
            0]
        try holdfast("backup", "restore", archive, "--to", "podman:same").check()
        #expect(try inspect("same")["Options"]["o"] == "uid=1000,gid=1001")
        #expect(try Tool.run("stat", "-c", "%u:%g", mountpoint("same")).check().text == "1000:1001\n")
        let own = try holdfast("backup", "restore", archive, "--to", "own").check(3)
        #expect(own.errorText.contains("an option of podman left out: o"), "\(own)")
    }

    @Test("podman is found by CONTAINERS_STORAGE_CONF and CONTAINERS_CONF")
    func configuration() throws {
        try Tool.script(
            """
            printf '[storage]\\ndriver = "vfs"\\ngraphroot = "%s/g"\\nrunroot = "%s/r"\\n' "$1" "$1" > "$1/storage.conf"
            printf '[engine]\\ntmp_dir = "%s/t"\\n' "$1" > "$1/containers.conf"
            """, store.directory.path
        ).check()
        let settings = [
            "CONTAINERS_STORAGE_CONF": store("storage.conf"), "CONTAINERS_CONF": store("containers.conf"),
            "HOLDFAST_PODMAN": "",
        ]
        try Tool.run("podman", "volume", "create", "configured", environment: settings).check()
        let names = try holdfast("volume", "ls", "--engine", "podman", "-q", environment: settings).check()
        #expect(names.lines == ["configured"])
    }

    @Test("a running container keeps its volume", .enabled(if: Tool.exists("runc"), "needs runc"))
    func inUse() throws {
        let tar = store("image.tar")
        try Tool.script(
            "mkdir -p \"$1/bin\"; cp /bin/busybox \"$1/bin/\"; tar -C \"$1\" -cf \"$2\" .", store("image"), tar
        ).check()
        try podman("import", tar, EngineFixture.image).check()
        try podman("volume", "create", "busy").check()
        try TreeBuilder(mountpoint("busy")).file("stale", "stale")
        let archive = try holdfast("backup", "create", "podman:busy", "--to", store("b")).check().lines[0]
        let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"]
        let arguments =
            limits + ["--network", "none", "--name", "worker", "--volume", "busy:/data", EngineFixture.image]
        try podman.run(["--runtime", "runc", "run", "--detach"] + arguments + ["/bin/busybox", "sleep", "1000"]).check()
        defer { _ = try? podman("--runtime", "runc", "rm", "--force", "--time", "0", "worker") }
        let refused = try holdfast("backup", "restore", archive, "--to", "podman:busy", "--replace").check(5)
        #expect(refused.errorText.contains("in use by the running container worker"), "\(refused)")
        let references = try JSON(parsing: holdfast("volume", "inspect", "podman:busy").check().text)[0]["references"]
        #expect(references.elements.count == 1)
    }
}

/// Goal: no engine on the way costs a byte or a label. Method: one tree goes through all three and back.
@Suite(
    "A volume on its way through all engines",
    .enabled(if: DockerEngine.isPossible && PodmanEngine.isPossible, "needs dockerd, podman and root"), .dockerEngine)
struct EngineJourneyTests {
    @Test("docker, podman, holdfast, docker: equal trees and labels at every stop", arguments: [51, 52] as [UInt64])
    func journey(seed: UInt64) throws {
        let engine = try EngineFixture()
        let podman = try PodmanEngine()
        var holdfast = engine.holdfast
        holdfast.environment["HOLDFAST_PODMAN"] = try podman.makeProgram()
        let names = ["docker:start\(seed)", "podman:middle", "own", "docker:end\(seed)"]
        try engine.makeVolume("start\(seed)", "--label", "app=shop", "--label", "list=a,\"b\"").fill(seed: seed)
        let start = try engine.mountpoint("start\(seed)")
        for (source, target) in zip(names, names.dropFirst()) {
            let archive = try holdfast("backup", "create", source, "--to", engine.store("b")).check().lines[0]
            try holdfast("backup", "restore", archive, "--to", target).check()
            let details = try JSON(parsing: holdfast("volume", "inspect", target).check().text)[0]
            try expectSameTree(#require(details["mountpoint"].text), start)
            #expect(details["labels"]["app"] == "shop" && details["labels"]["list"] == "a,\"b\"")
        }
        #expect(try engine.inspect("end\(seed)")["Labels"] == engine.inspect("start\(seed)")["Labels"])
    }
}
