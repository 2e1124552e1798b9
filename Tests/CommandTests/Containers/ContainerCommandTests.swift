import TestSupport
import Testing

/// Goal: a container is its image and exactly what was changed on it. Method: changes made by real tools in a mounted
/// container, compared with what they mean.
@Suite("container commands", .enabled(if: Environment.isRoot, "mounting needs root")) struct ContainerCommandTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("container")
        let members: [TarMember] = [
            .directory("etc"), .file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"), .file("etc/motd", "hello\n"),
            .directory("data", mode: 0o1777), .file("data/a", "1"), .file("data/b", "2"), .directory("data/sub"),
            .file("data/sub/x", "3"), .symbolicLink("link", to: "etc/motd"), .hardLink("data/hard", to: "data/a"),
        ]
        let image = try ImageFixture([members], names: ["app:1"])
        try ImageLayout.docker25.write([image], to: store("app.tar"))
        try store.holdfast("image", "load", "-i", store("app.tar")).check()
    }

    private func create(_ name: String, _ options: String...) throws -> String {
        try store.holdfast.run(["container", "create", "--name", name] + options + ["app:1"]).check().lines[0]
    }

    /// Mounts a container for what `body` does in it.
    private func withMounted(_ name: String, _ body: (String) throws -> Void) throws {
        let root = try store.holdfast("container", "mount", name).check().lines[0]
        defer { _ = try? store.holdfast("container", "unmount", name) }
        try body(root)
    }

    @Test("created, listed, inspected, mounted, unmounted, removed")
    func life() throws {
        let id = try create("web", "--user", "5:6", "--read-only", "-e", "A=1", "-w", "/data")
        let listed = try JSON(parsing: store.holdfast("container", "ls", "--json").check().text)[0]
        #expect(listed["id"].text == id && listed["name"] == "web" && listed["image"] == "app:1")
        let details = try JSON(parsing: store.holdfast("container", "inspect", String(id.prefix(8))).check().text)[0]
        #expect(details["user"] == "5:6" && details["readOnly"].boolean == true && details["mounted"].boolean == false)
        let merged = try #require(details["mergedPath"].text)
        #expect(try store.holdfast("container", "mount", "web").check().text == merged + "\n")
        #expect(try store.holdfast("container", "mount", "web").check().text == merged + "\n")
        #expect(try Tool.run("cat", merged + "/etc/motd").check().text == "hello\n")
        let refused = try store.holdfast("container", "rm", "web")
        #expect(refused.status == 5 && refused.errorText.contains(merged), "\(refused)")
        try store.holdfast("container", "unmount", "web").check()
        try store.holdfast("container", "unmount", "web").check()
        #expect(try Tool.run("ls", "-A", merged).check().output.isEmpty)
        #expect(try store.holdfast("container", "rm", "web").check().text == "web\n")
        #expect(try store.leftovers(in: "containers").isEmpty)
        #expect(try store.holdfast("container", "inspect", "web").status == 4)
    }

    @Test("names: made up, taken, impossible")
    func names() throws {
        try store.holdfast("container", "create", "app:1").check()
        _ = try create("web")
        #expect(try store.holdfast("container", "create", "--name", "web", "app:1").status == 5)
        #expect(try store.holdfast("container", "create", "--name", "a/b", "app:1").status == 2)
        #expect(try store.holdfast("container", "create", "nix:1").status == 4)
        #expect(try store.leftovers(in: "containers").count == 2)
        try store.holdfast("container", "prune").check()
        #expect(try store.leftovers(in: "containers").isEmpty)
    }

    static let changes: [(script: String, diff: [String])] = [
        (":", []),
        ("echo x > new", ["A /new"]),
        ("mkdir -p n/m; echo x > n/m/f", ["A /n", "A /n/m", "A /n/m/f"]),
        ("echo more >> etc/motd", ["C /etc", "C /etc/motd"]),
        ("rm etc/motd", ["C /etc", "D /etc/motd"]),
        ("rm -r data", ["D /data"]),
        ("rm -r data; mkdir -m 1777 data", ["C /data", "D /data/a", "D /data/b", "D /data/hard", "D /data/sub"]),
        (
            "rm -r data; mkdir data; echo n > data/a",
            ["C /data", "C /data/a", "D /data/b", "D /data/hard", "D /data/sub"]
        ),
        ("chmod 700 data/sub", ["C /data", "C /data/sub"]),
        ("chown 9:9 etc/motd", ["C /etc", "C /etc/motd"]),
        ("mv data/b data/c", ["C /data", "D /data/b", "A /data/c"]),
        ("mv etc/motd m", ["C /etc", "D /etc/motd", "A /m"]),
        ("rm link; ln -s elsewhere link", ["C /link"]),
        ("rm data/a; mkdir data/a", ["C /data", "C /data/a"]),
        ("ln data/b data/b2", ["A /data/b2", "C /data"]),
        (
            "touch -r data/b /tmp/holdfast-ref-$$; echo 2 > x; printf 2 > data/b; touch -r /tmp/holdfast-ref-$$ data/b; rm x /tmp/holdfast-ref-$$",
            []
        ),
        ("setfattr -n user.k -v v etc/motd", ["C /etc", "C /etc/motd"]),
    ]

    @Test("diff tells what was changed, as Docker does", arguments: changes.map(\.script))
    func diff(script: String) throws {
        _ = try create("web")
        try withMounted("web") { root in try Tool.script("cd \"$1\"; \(script)", root).check() }
        let wanted = try #require(Self.changes.first { $0.script == script }).diff
        let found = try store.holdfast("container", "diff", "web").check().lines
        #expect(Set(found) == Set(wanted) && found.count == wanted.count, "\(found)")
    }

    @Test("a commit is the container: mounted it has the same tree, and only the changes are new")
    func commit() throws {
        _ = try create("web")
        let script = """
            cd "$1"; echo new > data/new; rm data/b; rm -r data/sub; mkdir data/sub; echo y > data/sub/y
            mkfifo p; mknod dev c 1 3; chmod 6755 etc/motd; ln data/a data/a2; setfattr -n user.k -v v etc
            truncate -s 3M sparse; chown 5:6 data; touch -d @1600000000.5 data/new
            """
        var tree: TreeFingerprint?
        try withMounted("web") { root in
            try Tool.script(script, root).check()
            tree = try TreeFingerprint(root)
            let id = try store.holdfast("container", "commit", "web", "app:2", "-c", "CMD /x", "-a", "me").check()
                .lines[0]
            #expect(id.hasPrefix("sha256:"))
        }
        try store.holdfast("container", "create", "--name", "two", "app:2").check()
        let before = try #require(tree)
        try withMounted("two") { root in
            let difference = try TreeFingerprint(root).difference(from: before)
            #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
        }
        try store.holdfast("check", "--read-data").check()
        let image = try JSON(parsing: store.holdfast("image", "inspect", "app:2").check().text)[0]
        #expect(image["layers"].elements.count == 2)
        #expect(image["command"].elements.map(\.text) == ["/bin/sh", "-c", "/x"])
    }

    @Test("a commit has nothing of what lies in a volume, and says so")
    func commitWithoutVolumes() throws {
        _ = try create("plain")
        try store.holdfast("container", "commit", "plain", "volumes:1", "-c", "VOLUME /data /new/v/").check()
        try store.holdfast("container", "create", "--name", "web", "volumes:1").check()
        try withMounted("web") { root in
            let script = """
                cd "$1"; echo x > data/x; rm data/b; mkdir -p new/v/deep; echo y > new/v/deep/y; ln data/x kept
                echo z > new/z; chmod 700 data
                """
            try Tool.script(script, root).check()
        }
        let result = try store.holdfast("container", "commit", "web", "volumes:2").check(3)
        for path in ["data/x", "data/b", "new/v/deep"] {
            #expect(result.errorText.contains("\(path): in a volume"), "\(result)")
        }
        try store.holdfast("image", "save", "volumes:2", "-o", store("saved.tar")).check()
        try store.holdfast("container", "create", "--name", "two", "volumes:2").check()
        try withMounted("two") { root in
            let left = try Tool.script("cd \"$1\"; ls data new new/v; cat kept; stat -c %a data", root).check().text
            #expect(left == "data:\na\nb\nhard\nsub\n\nnew:\nv\nz\n\nnew/v:\nx\n700\n", "\(left)")
        }
        try store.holdfast("check", "--read-data").check()
    }

    @Test("an export to a file appears whole, and replaces another only by force")
    func exportToFile() throws {
        _ = try create("web")
        let tar = try store.holdfast("container", "export", "web").check().output
        try store.holdfast("container", "export", "web", "-o", store("web.tar")).check()
        #expect(try Tool.run("cat", store("web.tar")).check().output == tar)
        #expect(try store.holdfast("container", "export", "web", "-o", store("web.tar")).status == 5)
        try store.holdfast("container", "export", "web", "--force", "-o", store("web.tar")).check()
        #expect(try Tool.run("cat", store("web.tar")).check().output == tar)
    }

    @Test("an export is the container's tree, mounted or not, and import takes it")
    func export() throws {
        _ = try create("web")
        try withMounted("web") { root in
            try Tool.script("cd \"$1\"; echo x > new; rm data/b; chown 7:8 etc/motd", root).check()
            let tar = try store.holdfast("container", "export", "web").check().output
            try store.holdfast("image", "import", "-", "flat:1", input: .bytes(tar)).check()
            try Tool.run("tar", "-tf", "-", input: .bytes(tar)).check()
        }
        let again = try store.holdfast("container", "export", "web").check().output
        let unpacked = try store.directory.makeDirectory("unpacked")
        try Tool.run("tar", "-xf", "-", "--xattrs", "-C", unpacked, input: .bytes(again)).check()
        try store.holdfast("container", "create", "--name", "flat", "flat:1").check()
        try withMounted("web") { web in
            try expectSameTree(unpacked, web)
            try withMounted("flat") { flat in try expectSameTree(flat, web) }
        }
    }

    @Test(
        "a user namespace sees its own owners, what it writes belongs to the host's ids, and a commit has its own again"
    )
    func userNamespace() throws {
        _ = try create("web", "--userns", "0:100000:65536")
        try withMounted("web") { root in
            let owners = try Tool.run("stat", "-c", "%u:%g", root + "/etc/passwd", root).check().lines
            #expect(owners == ["100000:100000", "100000:100000"])
            try Tool.script("cd \"$1\"; echo x > new; chown 100005:100006 new; echo y >> etc/motd", root).check()
        }
        #expect(try store.holdfast("container", "diff", "web").check().lines == ["C /etc", "C /etc/motd", "A /new"])
        try store.holdfast("container", "commit", "web", "mapped:1").check()
        try store.holdfast("container", "create", "--name", "plain", "mapped:1").check()
        try withMounted("plain") { root in
            let owners = try Tool.run("stat", "-c", "%u:%g", root + "/new", root + "/etc/motd").check().lines
            #expect(owners == ["5:6", "0:0"])
        }
    }

    @Test("a copy of the mount in another mount namespace does not keep a container")
    func leakedMount() throws {
        _ = try create("web")
        let root = try store.holdfast("container", "mount", "web").check().lines[0]
        let leak = try ChildProcess(
            ["unshare", "--mount", "--propagation", "private", "sleep", "60"].map { Array($0.utf8) })
        defer {
            leak.send(9)
            _ = try? leak.wait()
        }
        for _ in 0..<200 {
            let table = try Tool.run("grep", "-c", root, "/proc/\(leak.identifier)/mountinfo")
            if table.text == "1\n" { break }
            _ = try Tool.run("sleep", "0.01")
        }
        try store.holdfast("container", "unmount", "web").check()
        try withMounted("web") { root in try Tool.script("echo x > \"$1/y\"", root).check() }
        try store.holdfast("container", "rm", "web").check()
        for name in ["containers", "trash"] { #expect(try store.leftovers(in: name).isEmpty) }
    }

    @Test("128 commits, each on the one before, are the tree that all the changes make")
    func manyLayers() throws {
        let shadow = try store.directory.makeDirectory("shadow")
        var image = "app:1"
        try store.holdfast("container", "create", "--name", "c0", image).check()
        try withMounted("c0") { root in try Tool.run("cp", "-a", root + "/.", shadow).check() }
        try store.holdfast("container", "rm", "c0").check()
        for round in 1...128 {
            let script = """
                cd "$1"; mkdir -p d\(round % 7); echo \(round) > d\(round % 7)/f\(round % 13)
                [ -e d\((round + 3) % 7) ] && [ \(round % 5) = 0 ] && rm -r d\((round + 3) % 7)
                [ -e d\((round + 2) % 7)/f\(round % 11) ] && mv d\((round + 2) % 7)/f\(round % 11) moved\(round % 9)
                chmod 7\(round % 8)\((round / 8) % 8) d\(round % 7); touch -d @\(1_600_000_000 + round) d\(round % 7)/f\(round % 13); :
                """
            try store.holdfast("container", "create", "--name", "c", "--no-sync", image).check()
            try withMounted("c") { root in try Tool.script(script, root).check() }
            try Tool.script(script, shadow).check()
            image = "layers:\(round)"
            try store.holdfast("container", "commit", "--no-sync", "c", image).check()
            try store.holdfast("container", "rm", "c").check()
        }
        try store.holdfast("container", "create", "--name", "last", image).check()
        try withMounted("last") { root in
            let options: TreeFingerprint.Options = [.ignoringTimes]
            try expectSameTree(root, shadow, options)
        }
        #expect(try store.leftovers(in: "layers").count == 129)
    }
}
