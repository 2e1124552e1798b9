import TestSupport
import Testing

/// Goal: `volume export`, `import`, `cp`, `clone`, `rename`, `update` and `prune` as a user runs them. Method: the built
/// binary; tar, and real Podman and Docker, as the other side.
@Suite("Moving the data of volumes") struct VolumeTransferTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("transfer") }

    /// A volume with everything that a tar can hold.
    private func fill(_ name: String, seed: UInt64 = 9) throws -> String {
        try store.makeVolume(name, "--mode", "2750").fill(seed: seed)
        return try store.mountpoint(name)
    }

    private static let unpack = ["tar", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "-xpf"]

    @Test(
        "an export is a plain tar whose first entry is the root directory; tar unpacks the same tree",
        .enabled(if: Environment.isRoot), arguments: [false, true])
    func export(toPipe: Bool) throws {
        let data = try fill("v")
        try Tool.run("chown", "33:44", data).check()
        try Tool.run("touch", "-d", "@1600000000.25", data).check()
        if toPipe {
            let tar = try store.holdfast("volume", "export", "v").check().output
            try Tool.run(["tee", store("v.tar")], input: .bytes(tar)).check()
        } else {
            #expect(try store.holdfast("volume", "export", "v", "-o", store("v.tar")).check().text.isEmpty)
        }
        let first = try Tool.run("tar", "--numeric-owner", "-tvf", store("v.tar")).check().lines[0]
        #expect(first.hasPrefix("drwxr-s--- 33/44") && first.hasSuffix(" ./"), "\(first)")
        let target = try store.directory.makeDirectory("unpacked")
        try Tool.run(Self.unpack + [store("v.tar"), "-C", target]).check()
        try expectSameTree(target, data)
        #expect(try Tool.run("stat", "-c", "%u %g %a %.9Y", target).text == "33 44 2750 1600000000.250000000\n")
    }

    @Test("an existing file is replaced with --force only, and a missing volume makes none")
    func exportRefusals() throws {
        _ = try fill("v")
        try Tool.run("touch", store("v.tar")).check()
        #expect(try store.holdfast("volume", "export", "v", "-o", store("v.tar")).status == 5)
        try store.holdfast("volume", "export", "v", "-o", store("v.tar"), "--force").check()
        #expect(try store.holdfast("volume", "export", "none", "-o", store("none.tar")).status == 4)
        #expect(try Tool.run("test", "-e", store("none.tar")).status == 1)
    }

    @Test(
        "an import makes the volume, from any compression, file or stdin, with the root directory's owner and mode",
        arguments: ["cat", "gzip", "xz", "bzip2", "zstd"])
    func imports(filter: String) throws {
        let data = try fill("v")
        try Tool.script(
            "\"$1\" volume export v --root \"$2\" | \"$3\" > \"$4\"", CommandRunner.binary, store("store"), filter,
            store("v.tar")
        )
        .check()
        #expect(try store.holdfast("volume", "import", "file", store("v.tar")).check().text == "file\n")
        try expectSameTree(store.mountpoint("file"), data)
        try store.holdfast.run(["volume", "import", "pipe"], input: .file(store("v.tar"))).check()
        try expectSameTree(store.mountpoint("pipe"), data)
        let stat = ["stat", "-c", "%u %g %a %.9Y"]
        #expect(try Tool.run(stat + [store.mountpoint("pipe")]).text == Tool.run(stat + [data]).text)
    }

    @Test("a volume that is not empty needs --replace or --merge; what is no whole tar changes nothing")
    func importModes() throws {
        try store.makeVolume("v").file("old", "1")
        let other = try store.directory.makeDirectory("other")
        try TreeBuilder(other).file("new", "2")
        try Tool.run("tar", "-cf", store("new.tar"), "-C", other, ".").check()
        let refusal = try store.holdfast("volume", "import", "v", store("new.tar"))
        #expect(refusal.status == 5 && refusal.errorText.contains("--replace"), "\(refusal)")
        try store.holdfast("volume", "import", "v", store("new.tar"), "--merge").check()
        #expect(try Tool.run("ls", store.mountpoint("v")).lines == ["new", "old"])
        for bad in ["head -c 700 \"$1\"", "true", "echo this is no tar", "head -c 1024 /dev/urandom"] {
            try Tool.script("(\(bad)) > \"$2\"", store("new.tar"), store("bad.tar")).check()
            for (name, mode) in [("v", ["--replace"]), ("fresh", [])] {
                let result = try store.holdfast.run(["volume", "import", name, store("bad.tar")] + mode)
                #expect([1, 7].contains(result.status), "\(bad): \(result)")
            }
            #expect(try Tool.run("ls", store.mountpoint("v")).lines == ["new", "old"])
            #expect(try store.names() == ["v"])
        }
        try store.holdfast("volume", "import", "v", store("new.tar"), "--replace").check()
        #expect(try Tool.run("ls", store.mountpoint("v")).lines == ["new"])
        #expect(try store.holdfast("volume", "import", "v", "--replace", "--merge", store("new.tar")).status == 2)
    }

    @Test("there and back through podman volume import and export", .enabled(if: PodmanEngine.isPossible))
    func podman() throws {
        let data = try store.makeVolume("v", "--mode", "2750").root
        // Podman's own unpacking does not take every name, nor a file of which a part is a hole.
        try Tool.script(
            """
            cd "$1"; mkdir -p d/e; echo 1 > d/a; ln d/a d/b; ln -s a d/l; mkfifo d/f; chown 7:8 d/a; chmod 2710 d/e
            touch -d @1600000000.25 d/a d/e; touch -h -d @1500000000 d/l; setfattr -n user.x -v 1 d/e
            """, data
        ).check()
        let podman = try PodmanEngine()
        try store.holdfast("volume", "export", "v", "-o", store("v.tar")).check()
        try podman("volume", "create", "p").check()
        try podman("volume", "import", "p", store("v.tar")).check()
        let theirs = try podman("volume", "inspect", "--format", "{{.Mountpoint}}", "p").check().lines[0]
        // It forgets the root directory's mode on the way in, and parts of seconds on the way out.
        try expectSameTree(theirs, data, [.ignoringRoot])
        try podman("volume", "export", "p", "-o", store("p.tar")).check()
        try store.holdfast("volume", "import", "back", store("p.tar")).check()
        try expectSameTree(store.mountpoint("back"), theirs, [.ignoringRoot, .ignoringTimes])
    }

    @Test(
        "cp copies as docker cp does with the volume in a container",
        .enabled(if: DockerEngine.isPossible, "needs dockerd and root"))
    func copiesAsDocker() throws {
        let docker = try DockerEngine()
        let root = try store.directory.makeDirectory("root")
        try TreeBuilder(root).directory("v")
        try Tool.run("tar", "-cf", store("root.tar"), "-C", root, ".").check()
        try docker("import", store("root.tar"), "base:1").check()
        let source = try store.directory.makeDirectory("source")
        try Tool.script(
            """
            cd "$1"; mkdir -p dir/sub; echo 1 > file; echo 2 > dir/a; echo 3 > dir/sub/b; ln -s file link; ln -s dir dlink
            chown -R 7:8 .; chmod 640 file; touch -h -d @1600000000 file dir/a link
            """, source
        ).check()
        let copies = [
            ["file", "/"], ["file", "/renamed"], ["dir", "/"], ["dir", "/other"], ["dir/.", "/"], ["dir/.", "/made"],
            ["link", "/l1"], ["-L", "link", "/l2"], ["-a", "dir", "/owned"], ["file", "/dir"], ["file", "/missing/x"],
            ["file", "/nodir/"], ["dir", "/renamed"], ["none", "/"], ["dlink", "/dl"],
        ]
        try store.holdfast("volume", "create", "vol").check()
        try docker("volume", "create", "vol").check()
        let id = try docker("create", "-v", "vol:/v", "--network", "none", "base:1", "/x").check().lines[0]
        // Docker 20.10 keeps owners, against its manual.
        for copy in copies {
            let (flags, from, to) = (copy.filter { $0.hasPrefix("-") }, copy[copy.count - 2], copy[copy.count - 1])
            let ours = try store.holdfast.run(["volume", "cp"] + flags + ["\(source)/\(from)", "vol:\(to)"])
            let theirs = try docker.run(["cp"] + flags + ["\(source)/\(from)", "\(id):/v\(to)"])
            #expect((ours.status == 0) == (theirs.status == 0), "\(copy): \(ours) \(theirs)")
            try expectSameTree(
                store.mountpoint("vol"), docker.dataRoot + "/volumes/vol/_data", [.ignoringTimes, .ignoringOwners])
        }
    }

    @Test("cp brings data back, streams tars, and copies between volumes; no path leads out")
    func copies() throws {
        let data = try fill("v")
        try store.holdfast("volume", "cp", "-a", "v:/.", store("back")).check()
        try expectSameTree(store("back"), data)
        try store.holdfast("volume", "create", "w").check()
        try store.holdfast("volume", "cp", "-a", "v:/.", "w:/").check()
        try expectSameTree(store.mountpoint("w"), data, [.ignoringRoot])
        let tar = try store.holdfast("volume", "cp", "v:/.", "-").check().output
        try store.holdfast("volume", "create", "x").check()
        try store.holdfast.run(["volume", "cp", "-", "x:/"], input: .bytes(tar)).check()
        try expectSameTree(store.mountpoint("x"), data, [.ignoringRoot])
        try TreeBuilder(store.mountpoint("x")).symbolicLink("out", to: "/../../../../../../etc")
        #expect(try store.holdfast("volume", "cp", "x:/out/passwd", store("stolen")).status == 4)
        for (arguments, status) in [
            (["a", "b"], Int32(2)), (["-", "-"], 2), (["v:", "b"], 2), (["none:/x", "b"], 4), (["v:/none", "b"], 4),
            (["b@d:/x", "b"], 2),
        ] {
            #expect(try store.holdfast.run(["volume", "cp"] + arguments).status == status, "\(arguments)")
        }
    }

    @Test("rename, clone and update print what they made; prune prints a table, or JSON")
    func prints() throws {
        try store.makeVolume("a", "--label", "k=v").file("x", "y")
        #expect(try store.holdfast("volume", "rename", "a", "b").check().text == "b\n")
        #expect(try store.holdfast("volume", "clone", "b", "c", "--label", "more=1").check().text == "c\n")
        #expect(
            try store.holdfast("volume", "update", "b", "c", "--label", "k=w", "--label-rm", "more").check().text
                == "b\nc\n")
        #expect(try store.inspect("c")["labels"].keys == ["k"])
        #expect(try store.holdfast("volume", "update", "b").status == 2)
        #expect(try store.holdfast("volume", "update", "b", "--label", "x=1", "--label-rm", "x").status == 2)
        let report = try JSON(parsing: store.holdfast("volume", "clone", "b", "d", "--json").check().text)
        #expect(report["name"] == "d" && report["entries"].integer == 2)
        let name = try store.holdfast("volume", "create").check().lines[0]
        let dry = try store.holdfast("volume", "prune", "--dry-run").check().lines
        #expect(dry.count == 5 && dry[0].hasPrefix("OUTCOME"))
        #expect(dry.contains { $0.hasPrefix("would be removed   \(name)") }, "\(dry)")
        let pruned = try JSON(parsing: store.holdfast("volume", "prune", "--json").check().text)
        #expect(pruned.keys == ["reclaimedBytes", "volumes"])
        #expect(pruned["volumes"].elements.count { $0["outcome"] == "removed" } == 1)
        #expect(try store.names() == ["b", "c", "d"])
        #expect(try store.holdfast("volume", "prune", "--filter", "size=1").status == 2)
    }

    @Test("prune takes what Docker's takes", .enabled(if: DockerEngine.isPossible))
    func prunesAsDocker() throws {
        // Docker 20.10 takes named ones too, as later ones do with --all.
        let docker = try DockerEngine()
        for (name, label) in [("aa", "x=1"), ("bb", "x=2"), ("cc", "y=1")] {
            try docker("volume", "create", "--label", label, name).check()
            try store.holdfast("volume", "create", "--label", label, name).check()
        }
        for filters in [["label=y"], ["label!=x=1"], ["label=x=1", "label!=y"]] {
            let options = filters.flatMap { ["--filter", $0] }
            try docker.run(["volume", "prune", "--force"] + options).check()
            try store.holdfast.run(["volume", "prune", "--force", "--all"] + options).check()
            #expect(try store.names() == docker("volume", "ls", "-q").check().lines.sorted(), "\(filters)")
        }
    }

    @Test("a thousand volumes are listed with what refers to them")
    func manyVolumes() throws {
        try store.holdfast("volume", "create", "first").check()
        try Tool.run(
            "sqlite3", store("store/catalog.sqlite"),
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
            INSERT INTO volumes (name, driver, created_at_ns, is_anonymous, is_protected)
            SELECT 'v' || i, 'local', 1, 0, 0 FROM n;
            """
        ).check()
        try Tool.script("cd \"$1\"; for i in $(seq 1000); do mkdir -p v$i/_data; done", store("store/volumes")).check()
        #expect(try store.holdfast("volume", "ls", "--filter", "dangling=true").check().lines.count == 1002)
    }
}
