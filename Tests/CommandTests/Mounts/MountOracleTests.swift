import TestSupport
import Testing

/// Goal: what Docker takes is taken, what it refuses is refused, and the mounts are the same. Method: `docker create` on a real
/// engine and `mount plan` with the same flags and the same image, over a table; where the two differ on purpose the table
/// says why, and that they do.
@Suite("Mounts as the real Docker has them", .enabled(if: DockerEngine.isPossible, "needs dockerd and root"))
struct MountOracleTests {
    private let store: StoreFixture
    private let docker: DockerEngine

    init() throws {
        store = try StoreFixture("oracle")
        docker = try DockerEngine()
        let root = try store.directory.makeDirectory("root")
        try Tool.script("cd \"$1\"; mkdir vol etc; echo x > vol/file; tar -cf ../root.tar .", root).check()
        try docker("import", "--change", "VOLUME /vol /deep/er", store("root.tar"), "image:1").check()
        try store.holdfast("image", "import", "--change", "VOLUME /vol /deep/er", store("root.tar"), "image:1").check()
        for name in ["a", "b,c", "d"] { try store.directory.makeDirectory("host/\(name)") }
    }

    /// Flags, in which `{}` stands for the folder of the host's directories, and what the two say of them.
    private struct Case {
        let flags: [String]

        init(_ flags: String...) { self.flags = flags }
    }

    private static let taken: [Case] = [
        Case("-v", "/x"), Case("-v", "/x/../y/"), Case("-v", "/vol"), Case("-v", "/x/y/z"),
        Case("-v", "data:/x"), Case("-v", "data:/vol"), Case("-v", "data:/vol/"), Case("-v", "data:/x:ro"),
        Case("-v", "data:/x:rw"), Case("-v", "data:/x:nocopy"), Case("-v", "data:/x:z"),
        Case("-v", "data:/x:ro,Z,nocopy"),
        Case("-v", "data:/x:cached"), Case("-v", "data:/x:consistent,ro"), Case("-v", "data:/x", "-v", "data:/x"),
        Case("-v", "data:/x", "-v", "data:/y"), Case("-v", "da.t_a-1:/x"), Case("-v", "data:/x y"),
        Case("-v", "{}/a:/x"), Case("-v", "{}/a/../a/:/x"), Case("-v", "{}/a:/x:ro"), Case("-v", "{}/a:/x:rshared"),
        Case("-v", "{}/a:/x:ro,slave"), Case("-v", "{}/a:/x:private,z"), Case("-v", "{}/new:/x"),
        Case("-v", "{}/b,c:/x,y"), Case("-v", "./a:/x"), Case("-v", ".:/x"), Case("-v", "../host/d:/x"),
        Case("-v", "{}/a:/x", "-v", "data:/x/y", "-v", "{}/d:/x/y/z", "-v", "data:/b"),
        Case("-v", "/x", "-v", "data:/x"), Case("-v", "/x", "--tmpfs", "/x"), Case("--tmpfs", "/vol"),
        Case("--mount", "dst=/x"), Case("--mount", "type=volume,src=data,target=/x"),
        Case("--mount", "TYPE=Volume,SRC=data,DST=/x"), Case("--mount", "src=data,dst=/x,readonly"),
        Case("--mount", "src=data,dst=/x,ro=1"), Case("--mount", "src=data,dst=/x,readonly=false"),
        Case("--mount", "src=data,dst=/x,volume-nocopy"), Case("--mount", "src=data,dst=/x,volume-nocopy=true"),
        Case("--mount", "src=fresh,dst=/x,volume-label=a=b,volume-driver=local"),
        Case("--mount", "src=data,dst=/vol"), Case("--mount", "src=data,dst=/x,volume-subpath=a"),
        Case("--mount", "src=data,dst=/x,consistency=cached"),
        Case("--mount", "type=bind,src={}/a,dst=/x"), Case("--mount", "type=bind,src=./a,dst=/x"),
        Case("--mount", "type=bind,src={}/a,dst=/x,ro,bind-propagation=rslave"),
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-recursive=disabled"),
        Case("--mount", #"type=bind,"src={}/b,c",dst=/x"#),
        Case("--mount", "type=tmpfs,dst=/x"), Case("--mount", "type=tmpfs,dst=/x,tmpfs-size=1m,tmpfs-mode=0700"),
        Case("--mount", "type=tmpfs,dst=/vol"), Case("--tmpfs", "/x:size=64m,mode=1777,exec"),
        Case("--tmpfs", "/x:ro,uid=5,gid=6"), Case("--tmpfs", "/x", "-v", "data:/x/y"),
        Case("-v", "data:/b", "--mount", "src=data,dst=/a", "--tmpfs", "/c"),
        Case("--volumes-from", "other"), Case("--volumes-from", "other:ro"),
        Case("--volumes-from", "other", "--volumes-from", "third"),
        Case("--volumes-from", "third", "--volumes-from", "other"),
        Case("--volumes-from", "other", "-v", "{}/a:/one"), Case("--volumes-from", "other", "-v", "/one"),
        Case("--volumes-from", "third:ro", "-v", "/vol"),
    ]

    private static let refused: [Case] = [
        Case("-v", ""), Case("-v", ":/x"), Case("-v", "data:"), Case("-v", "data:/x:"),
        Case("-v", "data::ro"), Case("-v", "data:x"), Case("-v", "{}/a:x"), Case("-v", "data:/"), Case("-v", "{}/a:/"),
        Case("-v", "data:/x:foo"), Case("-v", "data:/x:ro,rw"), Case("-v", "data:/x:z,Z"), Case("-v", "data:/x:RO"),
        Case("-v", "data:/x:shared"), Case("-v", "{}/a:/x:nocopy"), Case("-v", "{}/a:/x:shared,slave"),
        Case("-v", "data:/x:ro:z"), Case("-v", "{}/a:rw"), Case("-v", "my/data:/x"), Case("-v", "~/data:/x"),
        Case("-v", "-data:/x"), Case("-v", "da ta:/x"), Case("-v", "data:/x", "-v", "other:/x"),
        Case("-v", "data:/x", "-v", "data:/x:ro"), Case("-v", "data:/x", "--mount", "src=data,dst=/x,ro"),
        Case("-v", "data:/x", "--tmpfs", "/x"), Case("--mount", ""), Case("--mount", "type=bind,src={}/a"),
        Case("--mount", "dst=x"), Case("--mount", "type=bind,src={}/a,dst=/"), Case("--mount", "type=foo,dst=/x"),
        Case("--mount", "dst=/x,foo=1"), Case("--mount", "dst=/x,foo"), Case("--mount", "dst=/x,ro=no"),
        Case("--mount", "dst=/x,ro=TRUE"),
        Case("--mount", "type=bind,dst=/x"), Case("--mount", "type=bind,src=a,dst=/x"),
        Case("--mount", "type=tmpfs,src=a,dst=/x"), Case("--mount", "type=bind,src={}/a,dst=/x,volume-nocopy"),
        Case("--mount", "src=data,dst=/x,bind-propagation=shared"), Case("--mount", "type=tmpfs,dst=/x,tmpfs-size=foo"),
        Case("--mount", "type=tmpfs,dst=/x,tmpfs-mode=9"), Case("--mount", "src={}/a,dst=/x"),
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-propagation=foo"),
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-recursive=readonly"),
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-recursive=writable"),
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-recursive=readonly,ro"), Case("--mount", #"dst="/x""#),
        Case("--mount", #""dst=/x"#), Case("--tmpfs", "x"), Case("--tmpfs", "/"),
        Case("--volumes-from", "other:foo"), Case("--volumes-from", "other:nocopy"),
        Case("--volumes-from", "other:rshared"),
        Case("--volumes-from", "nobody"), Case("--volumes-from", ""),
    ]

    /// Taken here and refused there: what Podman has, and what came after this engine (20.10) and this client (28).
    private static let takenOnlyHere: [Case] = [
        Case("-v", "data:/x:U"), Case("-v", "data:/x:nosuid,nodev"), Case("-v", "{}/a:/x:O"),
        Case("-v", "{}/a:/x:idmap"),
        Case("-v", "data:/x:nocreate"), Case("-v", "data:/x:copy"), Case("-v", "{}/a:/x:runbindable"),
        Case("--mount", "type=bind,src={}/new2,dst=/x,bind-create-src"),
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-idmap=match-user"),
        Case("--mount", "type=image,src=image:1,dst=/x"),
        // The same twice is no contradiction, whichever flag says it.
        Case("--mount", "src=data,dst=/x", "--mount", "src=data,dst=/x"),
    ]

    /// Refused here and taken there.
    private static let refusedOnlyHere: [Case] = [
        // Docker takes anything with one part for a path, and makes a volume for it that no container can mount.
        Case("-v", "x"), Case("-v", ":"), Case("-v", "a:b"),
        // It does not compare --mount with --tmpfs, keeps the last --tmpfs, and looks at the options when it starts.
        Case("--mount", "dst=/x", "--tmpfs", "/x"), Case("--tmpfs", "/x:size=1m", "--tmpfs", "/x"),
        Case("--tmpfs", "/x:foo"),
        // The last of two values counts; and so does any consistency.
        Case("--mount", "src=aa,src=bb,dst=/x"), Case("--mount", "dst=/x,consistency=foo"),
        // Docker 29 refuses it.
        Case("--mount", "type=bind,src={}/a,dst=/x,bind-nonrecursive"),
        Case("--volumes-from", "other:"),
    ]

    @Test("what is taken, what is refused, and what is mounted then")
    func agreement() throws {
        try makeOthers()
        for example in Self.taken { try compare(example, docker: true, here: true) }
        for example in Self.refused { try compare(example, docker: false, here: false) }
        for example in Self.takenOnlyHere { try compare(example, docker: false, here: true) }
        for example in Self.refusedOnlyHere { try compare(example, docker: true, here: false) }
    }

    /// Containers for `--volumes-from`.
    private func makeOthers() throws {
        for (name, flags) in [
            ("other", ["-v", "one:/one", "-v", "ro:/ro:ro", "-v", "\(store("host"))/d:/bound"]),
            ("third", ["-v", "two:/one"]),
        ] {
            try docker.run(["create", "--name", name] + flags + ["image:1", "true"]).check()
            try store.holdfast.run(["container", "create", "--name", name] + flags + ["image:1", "true"]).check()
        }
    }

    private func compare(_ example: Case, docker accepts: Bool, here takes: Bool) throws {
        let folder = store("host")
        let flags = example.flags.map {
            $0.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: folder)
        }
        let theirs = try docker.run(["create"] + flags + ["image:1", "true"], in: folder)
        let ours = try store.holdfast.run(["mount", "plan", "--json", "--image", "image:1"] + flags, in: folder)
        #expect((theirs.status == 0) == accepts, "\(flags): docker \(theirs)")
        #expect((ours.status == 0) == takes, "\(flags): \(ours)")
        guard theirs.status == 0 else { return }
        let id = try #require(theirs.lines.last)
        defer { _ = try? docker("rm", "-f", "-v", id) }
        guard ours.status == 0 else { return }
        let inspected = try JSON(parsing: try docker("inspect", "--format", "{{json .Mounts}}", id).check().text)
        let planned = try JSON(parsing: ours.text).elements
        let other = docker.dataRoot
        #expect(
            planned.filter { $0["origin"].text?.hasPrefix("--tmpfs") != true }.map(ourText).sorted()
                == inspected.elements.map { theirText($0, volumes: "\(other)/volumes") }.sorted(), "\(flags)")
    }

    private func ourText(_ mount: JSON) -> String {
        let isAnonymous = mount["anonymous"].boolean == true
        let source = mount["type"] == "bind" ? mount["source"].text ?? "?" : ""
        let name = isAnonymous ? "anonymous" : mount["name"].text ?? ""
        return text(
            mount["type"], name, source, mount["destination"], mount["readOnly"].boolean != true, mount["propagation"])
    }

    private func theirText(_ mount: JSON, volumes: String) -> String {
        let name = mount["Name"].text ?? ""
        let source = mount["Type"] == "bind" ? mount["Source"].text ?? "?" : ""
        return text(
            mount["Type"], name.count == 64 ? "anonymous" : name, source, mount["Destination"],
            mount["RW"].boolean == true,
            mount["Propagation"])
    }

    private func text(
        _ type: JSON, _ name: String, _ source: String, _ destination: JSON, _ isWritable: Bool, _ propagation: JSON
    ) -> String {
        "\(destination.text ?? "?") \(type.text ?? "?") \(name)\(source) \(isWritable ? "rw" : "ro") \(propagation.text ?? "?")"
    }
}
