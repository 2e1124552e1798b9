import TestSupport
import Testing

/// Goal: a container that is mounted with its volumes looks as it would look from inside, and nothing of it stays. Method: the
/// binary, the kernel's mount table, and other programs on what is mounted.
@Suite("container mount --volumes", .enabled(if: Environment.isRoot, "mounting needs root")) struct MountedVolumeTests {
    private let box: BusyboxStore
    private var store: StoreFixture { box.store }

    init() throws { box = try BusyboxStore("volumes") }

    /// Makes a container `c` and mounts it.
    ///
    /// - Returns: its root.
    private func mount(_ options: String...) throws -> String {
        try box.holdfast.run(["container", "create", "--name", "c"] + options + ["box:1", "/bin/sh"]).check()
        return try box.holdfast("container", "mount", "--volumes", "c").check().lines[0]
    }

    private func unmount() throws {
        try box.holdfast("container", "unmount", "c").check()
        #expect(try box.mounted() == [])
    }

    @Test("volumes, binds, files, tmpfs and images are in it, nested ones inside the others")
    func kinds() throws {
        try box.host.directory("dir")
        try box.host.file("dir/file", "of the host\n")
        let root = try mount(
            "-v", "v:/data", "-v", "w:/data/deep/er", "-v", box.host.root + "/dir:/src:ro", "-v",
            box.host.root + "/dir/file:/etc/motd", "--tmpfs", "/cache:size=64k,mode=700", "--mount",
            "type=image,src=box:1,dst=/image", "--mount", "type=image,src=box:1,dst=/part,image-subpath=etc")
        let script = """
            cd "$1"; cat etc/motd src/file image/etc/motd part/motd; stat -c '%a %n' cache; stat -f -c %T cache
            echo kept > data/kept; echo deep > data/deep/er/kept; touch src/x image/x part/x 2>&1 | grep -c Read-only || true
            """
        let found = try Tool.script(script, root).check().lines
        #expect(
            found == [
                "of the host", "of the host", "from the image", "from the image", "700 cache", "tmpfs", "3",
            ])
        #expect(try box.holdfast("container", "mount", "--volumes", "c").check().lines == [root], "once is enough")
        #expect(try box.mounted().count == 8)
        try unmount()
        #expect(try Tool.run("cat", store.mountpoint("v") + "/kept").check().text == "kept\n")
        #expect(try Tool.run("cat", store.mountpoint("w") + "/kept").check().text == "deep\n")
        let diff = try box.holdfast("container", "diff", "c").check().lines
        #expect(Set(diff) == ["A /data", "A /src", "A /cache", "A /image", "A /part"], "\(diff)")
        #expect(try store.inspect("v")["lastMountedAt"].text != nil)
    }

    @Test("without the flag nothing of it is mounted; with it the rest comes")
    func rest() throws {
        try box.holdfast("container", "create", "--name", "c", "-v", "v:/data", "-v", "w:/other", "box:1").check()
        let root = try box.holdfast("container", "mount", "c").check().lines[0]
        #expect(try box.mounted().count == 1)
        // Somebody mounted something there already: it stays.
        try Tool.script("mkdir \"$1\"/data; mount -t tmpfs mine \"$1\"/data", root).check()
        try box.holdfast("container", "mount", "--volumes", "c").check()
        #expect(try box.mounted().count == 3)
        #expect(try Tool.run("findmnt", "-no", "SOURCE", root + "/data").check().text == "mine\n")
        try unmount()
    }

    @Test("destinations are followed inside the root, and what is missing of them is made")
    func destinations() throws {
        let root = try mount("-v", "a:/link/x", "-v", "b:/up", "-v", "c:/new/one/two")
        let script =
            "cd \"$1\"; findmnt -rno TARGET | grep \"^$1/\" | sort; stat -c '%a %u:%g' new new/one var/made/deep"
        let found = try Tool.script(script, root).check().lines
        #expect(
            found == [
                root + "/escape", root + "/new/one/two", root + "/var/made/deep/x", "755 0:0", "755 0:0", "755 0:0",
            ])
        try unmount()
    }

    static let refusals: [(options: [String], says: String, status: Int32)] = [
        (["-v", "HOST/dir:/etc/motd"], "a directory cannot be mounted on the file that is there", 5),
        (["-v", "HOST/file:/etc"], "a file cannot be mounted on the directory that is there", 5),
        (["-v", "v:/etc/motd/x"], "not a directory", 5),
        (["-v", "v:/root"], "the container's root", 5),
        (["--mount", "src=v,dst=/x,volume-subpath=nix"], "there is no 'nix' in volume 'v'", 4),
        (["--mount", "type=image,src=box:1,dst=/x,image-subpath=up"], "leads out of image 'box:1'", 2),
        (["--mount", "type=bind,src=HOST/dir,dst=/x,bind-propagation=shared"], "it is not a shared mount", 5),
        (["--mount", "type=bind,src=HOST/dir,dst=/x,bind-propagation=rslave"], "it is not a shared or slave mount", 5),
        (["--mount", "type=bind,src=HOST/dir,dst=/x,bind-idmap=userns"], "--userns", 2),
        (["--mount", "type=bind,src=HOST/dir,dst=/x,bind-idmap=match-user:nix"], "there is no user 'nix'", 4),
        (["-v", "HOST/file:/x:O"], "for directories only", 2),
        (["-v", "HOST/dir:/x:O,upperdir=HOST/nix,workdir=HOST/dir"], "mkdir -p", 4),
    ]

    @Test("what cannot be mounted is told, and nothing stays mounted", arguments: refusals.map(\.options))
    func refused(_ options: [String]) throws {
        let expected = try #require(Self.refusals.first { $0.options == options })
        try box.host.directory("dir")
        try box.host.file("file", "")
        let options = options.map { $0.replacing("HOST", with: box.host.root) }
        // A mount before it is taken away again.
        try box.holdfast.run(
            ["container", "create", "--name", "c", "-v", "first:/a"] + options + ["box:1", "/bin/sh"]
        ).check()
        for command in [["mount", "--volumes", "c"], ["bundle", "c", store("bundle")]] {
            let result = try box.holdfast.run(["container"] + command)
            #expect(result.status == expected.status, "\(result)")
            #expect(result.errorText.contains(expected.says), "\(result)")
            #expect(try box.mounted() == [], "\(command)")
        }
        // The root that was mounted before stays, without the others.
        try box.holdfast("container", "mount", "c").check()
        #expect(try box.holdfast("container", "mount", "--volumes", "c").status == expected.status)
        #expect(try box.mounted().count == 1)
        try unmount()
    }

    @Test("a source is made where that was asked for, and missed where it was not")
    func sources() throws {
        let missing = box.host.root + "/made/here"
        let root = try mount("-v", "\(missing):/x")
        #expect(try Tool.run("stat", "-c", "%F %a %U", missing).check().text == "directory 755 root\n")
        #expect(try Tool.run("test", "-d", root + "/x").status == 0)
        try unmount()
        try Tool.run("rm", "-r", box.host.root + "/made").check()
        try box.host.directory("there")
        try box.holdfast(
            "container", "create", "--name", "d", "--mount", "type=bind,src=\(box.host.root)/there,dst=/x", "box:1"
        ).check()
        try Tool.run("rmdir", box.host.root + "/there").check()
        let refused = try box.holdfast("container", "mount", "--volumes", "d")
        #expect(refused.status == 4 && refused.errorText.contains("\(box.host.root)/there"), "\(refused)")
        #expect(try box.mounted() == [])
    }

    static let subpaths: [(path: String, finds: String?)] = [
        ("inner", "in\n"), ("link", "in\n"), ("inner/../inner", nil), ("file", "in\n"), ("abs", nil), ("out", nil),
        ("chain", nil), ("hard/../../..", nil),
    ]

    @Test("a subpath never leads out of the volume", arguments: subpaths.map(\.path))
    func subpath(_ path: String) throws {
        let expected = try #require(Self.subpaths.first { $0.path == path }).finds
        let volume = try store.makeVolume("v")
        try volume.directory("inner")
        try volume.file("inner/f", "in\n")
        try volume.file("file", "in\n")
        try TreeBuilder(store("store/volumes/v")).file("f", "secret\n")
        try volume.symbolicLink("link", to: "inner/../inner")
        try volume.symbolicLink("abs", to: "/etc")
        try volume.symbolicLink("out", to: "..")
        try volume.symbolicLink("chain", to: "link2")
        try volume.symbolicLink("link2", to: "inner/../../f")
        let create = try box.holdfast(
            "container", "create", "--name", "c", "--mount", "src=v,dst=/x,volume-subpath=\(path)", "box:1")
        guard create.status == 0 else {
            #expect(expected == nil && create.status == 2, "\(create)")
            return
        }
        let result = try box.holdfast("container", "mount", "--volumes", "c")
        #expect((result.status == 0) == (expected != nil), "\(result)")
        if let expected {
            let place = result.lines[0] + (path == "file" ? "/x" : "/x/f")
            #expect(try Tool.run("cat", place).check().text == expected)
        }
        try box.holdfast("container", "unmount", "c").check()
        #expect(try box.mounted() == [])
    }

    @Test(
        "a source that becomes a link after the container was made is what it is at the mount; the volume's is never a link"
    )
    func replacedVolume() throws {
        let root = try mount("-v", "v:/data")
        try Tool.run("touch", root + "/data/mine").check()
        try unmount()
        let data = try store.mountpoint("v")
        try Tool.script("mv \"$1\" \"$1.moved\"; ln -s /etc \"$1\"", data).check()
        let refused = try box.holdfast("container", "mount", "--volumes", "c")
        #expect(refused.status != 0, "\(refused)")
        #expect(try box.mounted() == [])
        try Tool.script("rm \"$1\"; mv \"$1.moved\" \"$1\"", data).check()
    }

    @Test("a volume that is being worked on is not mounted; one that is mounted is not removed")
    func leases() throws {
        try box.holdfast("container", "create", "--name", "c", "-v", "v:/data", "box:1").check()
        let holder = try StoreProbe.holding(store("store"), "v", "changing")
        let refused = try box.holdfast("container", "mount", "--volumes", "c")
        #expect(refused.status == 5 && refused.errorText.contains("volume 'v' is in use"), "\(refused)")
        #expect(try box.mounted() == [])
        holder.send(9)
        _ = try holder.wait()
        try box.holdfast("container", "mount", "--volumes", "c").check()
        #expect(try box.holdfast("volume", "rm", "v").status == 5)
        #expect(try box.holdfast("container", "rm", "c").status == 5)
        try box.holdfast("container", "rm", "--force", "c").check()
        #expect(try box.mounted() == [])
        try box.holdfast("volume", "rm", "v").check()
    }

    @Test("copies of the mounts in another mount namespace go too")
    func leaked() throws {
        let root = try mount("-v", "v:/data")
        let leak = try ChildProcess(
            ["unshare", "--mount", "--propagation", "private", "sleep", "60"].map { Array($0.utf8) })
        defer {
            leak.send(9)
            _ = try? leak.wait()
        }
        func copies() throws -> String { try Tool.run("grep", "-c", root, "/proc/\(leak.identifier)/mountinfo").text }
        for _ in 0..<200 where try copies() != "2\n" { _ = try Tool.run("sleep", "0.01") }
        #expect(try copies() == "2\n")
        try unmount()
        #expect(try copies() == "0\n")
        try box.holdfast("container", "rm", "c").check()
        try box.holdfast("volume", "rm", "v").check()
    }

    @Test("changes of an overlay go with the container, or where they are told to; the source stays as it is")
    func overlays() throws {
        try box.host.directory("dir", mode: 0o751)
        try box.host.file("dir/file", "of the host\n")
        try box.host.owner(Array("dir".utf8), 5, 6)
        let (upper, work) = (try store.directory.makeDirectory("upper"), try store.directory.makeDirectory("work"))
        let before = try TreeFingerprint(box.host.root)
        let root = try mount(
            "-v", box.host.root + "/dir:/one:O", "-v", box.host.root + "/dir:/two:O,upperdir=\(upper),workdir=\(work)")
        let script = "cd \"$1\"; stat -c '%a %u:%g' one; echo x > one/new; rm one/file; echo y >> two/file; ls one two"
        let found = try Tool.script(script, root).check().text
        #expect(found == "751 5:6\none:\nnew\n\ntwo:\nfile\n")
        #expect(try TreeFingerprint(box.host.root).difference(from: before) == [])
        #expect(try Tool.run("cat", upper + "/file").check().text == "of the host\ny\n")
        try unmount()
        #expect(try box.holdfast("container", "mount", "--volumes", "c").check().lines == [root])
        #expect(try Tool.run("ls", root + "/one").check().lines == ["new"], "kept as long as the container is")
        try unmount()
        try box.holdfast("container", "rm", "c").check()
        #expect(try store.leftovers(in: "containers").isEmpty)
    }

    @Test("the device of a volume is mounted with the container, and taken away with the last that has it")
    func devices() throws {
        try box.host.directory("dir")
        try box.host.file("dir/file", "of the host\n")
        let bind = ["--opt", "type=none", "--opt", "o=bind", "--opt", "device=\(box.host.root)/dir"]
        try box.holdfast.run(["volume", "create", "b"] + bind).check()
        try box.holdfast("volume", "create", "t", "--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=64k")
            .check()
        let root = try mount("-v", "b:/bind", "-v", "t:/memory")
        #expect(try Tool.run("cat", root + "/bind/file").check().text == "of the host\n")
        try Tool.run("touch", root + "/memory/kept").check()
        try box.holdfast("container", "create", "--name", "d", "-v", "t:/memory", "box:1").check()
        let other = try box.holdfast("container", "mount", "--volumes", "d").check().lines[0]
        #expect(try Tool.run("ls", other + "/memory").check().lines == ["kept"])
        try box.holdfast("container", "unmount", "c").check()
        #expect(try Tool.run("ls", other + "/memory").check().lines == ["kept"])
        let again = try box.holdfast("container", "mount", "--volumes", "c").check().lines[0]
        #expect(try Tool.run("ls", again + "/memory").check().lines == ["kept"], "one file system in memory for both")
        try box.holdfast("container", "unmount", "d").check()
        try unmount()
    }

    @Test("U gives the source to the container's user")
    func changedOwner() throws {
        try box.host.directory("dir")
        try box.host.file("dir/file", "")
        _ = try mount("--user", "app", "-v", box.host.root + "/dir:/x:U")
        try unmount()
        let owners = try Tool.script("stat -c %u:%g \"$1\"/dir \"$1\"/dir/file", box.host.root).check().lines
        #expect(owners == ["5:6", "5:6"])
    }
}

/// Goal: files go in and out of what a container mounts as with docker cp, which looks paths up in the container as it would
/// run. Method: copies by the binary, looked at in the volumes and on the host.
@Suite("container cp through mounts", .enabled(if: Environment.isRoot, "mounting needs root"))
struct CopyThroughMountsTests {
    private let box: BusyboxStore
    private var store: StoreFixture { box.store }

    init() throws {
        box = try BusyboxStore("cp")
        try box.host.directory("dir")
        try box.host.file("dir/file", "of the host\n")
        try box.holdfast(
            "container", "create", "--name", "c", "-v", "v:/data", "-v", "w:/data/inner", "-v",
            "\(box.host.root)/dir:/src:ro", "-v", "\(box.host.root)/dir/file:/etc/motd", "box:1", "/bin/sh"
        ).check()
    }

    @Test("in and out of volumes, binds and files, mounted or not", arguments: ["no", "root", "volumes"])
    func copies(_ mounted: String) throws {
        if mounted != "no" {
            try box.holdfast.run(["container", "mount"] + (mounted == "volumes" ? ["--volumes"] : []) + ["c"]).check()
        }
        let before = try box.mounted().count
        let file = box.host.root + "/dir/file"
        try box.holdfast("container", "cp", file, "c:/data/x").check()
        try box.holdfast("container", "cp", file, "c:/link/../../../data/inner/y").check()
        try box.holdfast("container", "cp", "c:/etc/motd", store("motd")).check()
        try box.holdfast("container", "cp", "c:/src", store("src")).check()
        #expect(try Tool.run("cat", store.mountpoint("v") + "/x").check().text == "of the host\n")
        #expect(try Tool.run("cat", store.mountpoint("w") + "/y").check().text == "of the host\n")
        #expect(try Tool.run("cat", store("motd"), store("src/file")).check().lines == ["of the host", "of the host"])
        let listed = try box.holdfast("container", "cp", "c:/data", "-").check().output
        let names = try Tool.run("tar", "-tf", "-", input: .bytes(listed)).check().lines
        #expect(Set(names).isSuperset(of: ["data/x", "data/inner/y"]), "\(names)")
        let refused = try box.holdfast("container", "cp", file, "c:/src/new")
        #expect(refused.status != 0 && refused.errorText.contains("read-only"), "\(refused)")
        #expect(try Tool.run("ls", box.host.root + "/dir").check().lines == ["file"])
        #expect(try box.mounted().count == before, "nobody else sees what was mounted for the copy")
        try box.holdfast("container", "unmount", "c").check()
        // What lies in volumes is in no layer and in no export.
        #expect(try !box.holdfast("container", "diff", "c").check().text.contains("/x"))
        let exported = try box.holdfast("container", "export", "c").check().output
        let tree = try Tool.run("tar", "-tf", "-", input: .bytes(exported)).check().lines
        #expect(!tree.contains { $0.hasSuffix("data/x") || $0.hasSuffix("inner/y") || $0.hasSuffix("src/file") })
        #expect(tree.contains("data/") || tree.contains("./data/"), "the mountpoint itself is")
    }
}
