import TestSupport
import Testing

/// Goal: Docker's volumes are backed up, restored, listed and adopted as our own are. Method: a real engine, whose volumes are
/// filled with everything that a file system can hold and looked at with the engine's own client.
@Suite("Docker's volumes", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"), .dockerEngine)
struct DockerVolumeTests {
    private let engine: EngineFixture

    init() throws { engine = try EngineFixture() }

    @Test("a backup holds everything, and a restore makes the volume with its labels", arguments: ["stream", "file"])
    func roundTrip(_ way: String) throws {
        let name = "trip-\(way)"
        try engine.makeVolume(name, "--label", "app=shop", "--label", "odd=ü, \"x\"=y").fill(seed: 21)
        let data = try engine.mountpoint(name)
        try Tool.script("chown 7:8 \"$1\"; chmod 1770 \"$1\"; touch -d @1500000000.5 \"$1\"", data).check()
        let archive = try engine.backUp("docker:\(name)")
        #expect(archive.hasPrefix(engine.store("backups/docker/\(name)/")))
        try engine.holdfast("backup", "verify", archive).check()
        let list = try JSON(parsing: engine.holdfast("backup", "ls", engine.store("backups"), "--json").check().text)
        #expect(list[0]["source"] == "docker:\(name)")
        let entries = try Tool.script("find \"$1\" -printf x | wc -c", data).check().text.dropLast()
        let contents = try JSON(parsing: engine.holdfast("backup", "contents", archive, "--json").check().text)
        #expect(contents.elements.count == Int(entries))

        let copy = "\(name)-copy"
        let restored = try engine.holdfast(
            "backup", "restore", way == "file" ? archive : "-", "--to", "docker:\(copy)", "--json",
            input: way == "file" ? .nothing : .file(archive))
        #expect(try JSON(parsing: restored.check().text)["createdVolume"].boolean == true)
        try expectSameTree(engine.mountpoint(copy), data)
        #expect(try engine.inspect(copy)["Labels"] == engine.inspect(name)["Labels"])
        #expect(try engine.inspect(copy)["Options"].isNull)
        #expect(try engine.home(copy) == ["_data"])
    }

    @Test("tar and zstd alone restore an archive of a volume")
    func restoredByTar() throws {
        try engine.makeVolume("by-tar").fill(seed: 22)
        let archive = try engine.backUp("docker:by-tar")
        let out = try engine.store.directory.makeDirectory("out")
        let tar = "tar -xp --warning=no-timestamp --warning=no-unknown-keyword --numeric-owner --acls --xattrs"
        try Tool.script("zstd -dcq \"$1\" | \(tar) --xattrs-include='*' -C \"$2\"", archive, out).check()
        try expectSameTree(out, engine.mountpoint("by-tar"))
    }

    @Test("a name with dots is a folder of that name", arguments: ["a.b-c_d", "x..y", "0."])
    func dottedName(_ name: String) throws {
        try engine.makeVolume(name).file("f", name)
        #expect(try engine.backUp("docker:\(name)").hasPrefix(engine.store("backups/docker/\(name)/")))
    }

    @Test("a restore into a volume that holds something needs --replace or --merge; both leave nothing beside the data")
    func modes() throws {
        try engine.makeVolume("new").fill(seed: 23, RandomTreeOptions(entries: 40))
        let archive = try engine.backUp("docker:new")
        let old = try engine.makeVolume("old", "--label", "kept=yes")
        try old.file("mine", "mine")
        let before = try TreeFingerprint(engine.mountpoint("old"))
        let refused = try engine.holdfast("backup", "restore", archive, "--to", "docker:old").check(5)
        #expect(refused.errorText.contains("'docker:old' is not empty"))
        #expect(try TreeFingerprint(engine.mountpoint("old")) == before)
        try engine.holdfast("backup", "restore", archive, "--to", "docker:old", "--merge").check()
        #expect(try Tool.run("cat", engine.mountpoint("old") + "/mine").check().text == "mine")
        let merged = try TreeFingerprint(engine.mountpoint("old")).entries
        #expect(try Set(merged.keys) == Set(TreeFingerprint(engine.mountpoint("new")).entries.keys).union(["mine"]))
        try engine.holdfast("backup", "restore", archive, "--to", "docker:old", "--replace").check()
        try expectSameTree(engine.mountpoint("old"), engine.mountpoint("new"))
        #expect(try engine.inspect("old")["Labels"]["kept"] == "yes")
        #expect(try engine.home("old") == ["_data"])
        try engine.docker("volume", "create", "void").check()
        try engine.holdfast("backup", "restore", archive, "--to", "docker:void").check()
        try expectSameTree(engine.mountpoint("void"), engine.mountpoint("new"))
    }

    @Test("a running container keeps its volume, by name, unless forced; a stopped one sees the new data")
    func inUse() throws {
        try engine.prepareImage()
        try engine.makeVolume("fresh").file("fresh", "fresh")
        let archive = try engine.backUp("docker:fresh")
        try engine.makeVolume("busy").file("stale", "stale")
        _ = try engine.start(with: "busy", named: "worker") { try engine.docker.run($0) }
        defer { _ = try? engine.docker("rm", "--force", "worker") }
        let refused = try engine.holdfast("backup", "restore", archive, "--to", "docker:busy", "--replace").check(5)
        #expect(refused.errorText.contains("in use by the running container worker"), "\(refused)")
        #expect(try Tool.run("ls", engine.mountpoint("busy")).check().text == "stale\n")
        try engine.docker("kill", "worker").check()
        try engine.holdfast("backup", "restore", archive, "--to", "docker:busy", "--replace").check()
        try engine.docker("start", "worker").check()
        #expect(try engine.docker("exec", "worker", "/bin/busybox", "ls", "/data").check().text == "fresh\n")
        let again = try engine.backUp("docker:busy")
        try engine.holdfast("backup", "restore", again, "--to", "docker:busy", "--replace", "--force").check()
    }

    @Test("the references are the containers that have the volume, running or not")
    func references() throws {
        try engine.prepareImage()
        _ = try engine.makeVolume("seen")
        let id = try engine.docker(
            "create", "--network", "none", "--volume", "seen:/x", EngineFixture.image, "/bin/busybox"
        ).check().lines[0]
        defer { _ = try? engine.docker("rm", "--volumes", id) }
        let details = try JSON(parsing: engine.holdfast("volume", "inspect", "docker:seen").check().text)[0]
        #expect(details["references"].elements.map(\.text) == [id])
        let list = try engine.holdfast("volume", "ls", "--engine", "docker", "--filter", "name=seen", "--json").check()
        #expect(try JSON(parsing: list.text)[0]["references"].elements.map(\.text) == [id])
    }

    /// Other tests make and remove volumes of the same engine meanwhile: a list counts that did not change.
    private func expectSameList() throws {
        let list = { try engine.docker("volume", "ls", "--quiet").check().lines.sorted() }
        for _ in 0..<100 {
            let (before, ours) = (try list(), try engine.holdfast("volume", "ls", "--engine", "docker", "-q"))
            guard try list() == before else { continue }
            #expect(try ours.check().lines == before)
            return
        }
        Issue.record("the engine's list of volumes never stayed the same for two looks")
    }

    @Test("volume ls and inspect show what docker shows, with the keys of our own volumes")
    func listing() throws {
        try engine.makeVolume("listed", "--label", "team=blue").file("f", String(repeating: "x", count: 5000))
        try expectSameList()
        let filtered = try engine.holdfast(
            "volume", "ls", "--engine", "docker", "--filter", "label=team=blue", "--size", "--json"
        ).check()
        let row = try JSON(parsing: filtered.text)[0]
        #expect(row["name"] == "listed" && row["engine"] == "docker" && row["labels"]["team"] == "blue")
        #expect(row["apparentBytes"].integer == 5000 && row["files"].integer == 1)
        #expect(try row["mountpoint"] == engine.mountpoint("listed") && row["createdAt"].text != nil)
        try engine.holdfast("volume", "create", "own").check()
        let own = try JSON(parsing: engine.holdfast("volume", "inspect", "own").check().text)[0]
        let theirs = try engine.holdfast("volume", "inspect", "own", "docker:listed", "docker:none").check(4)
        #expect(try JSON(parsing: theirs.text).elements.count == 2)
        #expect(try Set(JSON(parsing: theirs.text)[1].keys) == Set(own.keys + ["engine", "scope"]))
        #expect(theirs.errorText.contains("Docker has no volume 'none'"))
    }

    @Test("--all and --filter select the engine's volumes, each with an archive of its own")
    func selection() throws {
        for name in ["red1", "red2"] { try engine.makeVolume(name, "--label", "colour=red").file(name, name) }
        let result = try engine.holdfast(
            "backup", "create", "--filter", "label=colour=red", "--engine", "docker", "--to", engine.store("red"))
        #expect(try result.check().lines.map { $0.split(separator: "/").dropLast().last } == ["red1", "red2"])
        try engine.holdfast("volume", "create", "ours").check()
        let ours = try engine.holdfast("backup", "create", "--all", "--to", engine.store("ours")).check()
        #expect(ours.lines.count == 1 && ours.text.contains("/holdfast/ours/"))
        let nothing = ["--filter", "label=colour=none", "--engine", "docker", "--to", engine.store("none")]
        #expect(try engine.holdfast.run(["backup", "create"] + nothing).check(3).output.isEmpty)
        for wrong in [["red1", "--all"], [], ["red1", "--engine", "docker"]] {
            try engine.holdfast.run(["backup", "create", "--to", engine.store("none")] + wrong).check(2)
        }
        try engine.holdfast("backup", "create", "docker:x", "--to", engine.store("none")).check(2)
    }

    @Test("volume import adopts a volume with labels and everything in it, and refuses a name that is taken")
    func adoption() throws {
        try engine.makeVolume("theirs", "--label", "app=shop", "--label", "com.docker.volume.anonymous=").fill(seed: 24)
        #expect(try engine.holdfast("volume", "import", "--from", "docker:theirs").check().text == "theirs\n")
        try expectSameTree(engine.store.mountpoint("theirs"), engine.mountpoint("theirs"))
        let details = try engine.store.inspect("theirs")
        #expect(details["labels"].keys == ["app"] && details["options"].keys.isEmpty)
        #expect(details["anonymous"].boolean == false)
        try engine.holdfast("volume", "import", "--from", "docker:theirs").check(5)
        try engine.holdfast("volume", "import", "--from", "docker:nowhere").check(4)
        try engine.holdfast("volume", "import", "--from", "theirs").check(2)

        try engine.makeVolume("more").file("more", "more")
        try engine.holdfast("volume", "import", "--from", "docker:more", "theirs", "--merge").check()
        let merged = try engine.store.mountpoint("theirs")
        try Tool.run("cmp", merged + "/more", engine.mountpoint("more") + "/more").check()
        let report = try engine.holdfast(
            "volume", "import", "--from", "docker:more", "theirs", "--replace", "--json"
        ).check()
        #expect(try JSON(parsing: report.text)["createdVolume"].boolean == false)
        try expectSameTree(engine.store.mountpoint("theirs"), engine.mountpoint("more"))

        let clash = try engine.store.makeVolume("clash")
        try clash.directory("more")
        let before = try TreeFingerprint(clash.root)
        try engine.holdfast("volume", "import", "--from", "docker:more", "clash", "--merge").check(5)
        #expect(try TreeFingerprint(clash.root) == before)
        #expect(try engine.store.leftovers(in: "staging").isEmpty)
    }

    @Test("an engine that does not answer, and one that a context names")
    func finding() throws {
        try engine.makeVolume("found").file("f", "f")
        let nobody = ["DOCKER_HOST": "unix://" + engine.store("no-socket")]
        for command in [["volume", "ls", "--engine", "docker"], ["backup", "create", "docker:found", "--to", "x"]] {
            let result = try engine.holdfast.run(command, environment: nobody).check(1)
            #expect(result.errorText.contains("Cannot connect to the Docker daemon"), "\(result)")
        }
        let settings = ["DOCKER_HOST": "", "DOCKER_CONFIG": engine.store("settings")]
        try Tool.run(
            "docker", "context", "create", "there", "--docker", "host=" + engine.docker.host, environment: settings
        ).check()
        let byContext = settings.merging(["DOCKER_CONTEXT": "there"]) { $1 }
        let names = try engine.holdfast("volume", "ls", "--engine", "docker", "-q", environment: byContext).check()
            .lines
        #expect(names.contains("found"))
        let missing = try engine.holdfast(
            "volume", "ls", "--engine", "docker", environment: ["HOLDFAST_DOCKER": engine.store("none")]
        ).check(1)
        #expect(missing.errorText.contains("cannot be run") && missing.errorText.contains("HOLDFAST_DOCKER"))
    }
}
