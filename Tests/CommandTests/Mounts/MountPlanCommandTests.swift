import TestSupport
import Testing

/// Goal: `mount plan` says what would happen, and changes nothing. Method: the binary on a store with an image, volumes and
/// containers.
@Suite("mount plan") struct MountPlanCommandTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("plan")
        let root = try store.directory.makeDirectory("root")
        try Tool.script(
            "cd \"$1\"; mkdir -p data/sub real; echo x > data/file; ln -s real link; tar -cf ../root.tar .", root
        ).check()
        try store.holdfast("image", "import", "--change", "VOLUME /data /link", store("root.tar"), "app:1").check()
        try store.directory.makeDirectory("host")
        try Tool.run("ln", "-s", "host", store("alias")).check()
    }

    private func plan(_ arguments: String...) throws -> [JSON] {
        try JSON(parsing: try store.holdfast.run(["mount", "plan", "--json"] + arguments).check().text).elements
    }

    @Test("volumes: made or there, and what they are filled from")
    func volumes() throws {
        try store.makeVolume("full").file("x", "x")
        _ = try store.makeVolume("empty")
        let mounts = try plan(
            "--image", "app:1", "-v", "new:/data", "-v", "full:/data/sub", "-v", "empty:/link/../data/sub/deep", "-v",
            "bare:/real:nocopy", "-v", "gone:/x:nocreate")
        #expect(
            mounts.map { $0["destination"].text } == ["/data", "/link", "/real", "/x", "/data/sub", "/data/sub/deep"])
        #expect(mounts.map { $0["order"].integer } == [1, 2, 3, 4, 5, 6])
        #expect(mounts.map { $0["state"].text } == ["created", "created", "created", "missing", "exists", "exists"])
        #expect(mounts.map { $0["populatedFrom"].text } == ["/data", "/real", nil, nil, nil, nil])
        #expect(mounts[0]["source"].text == store("store/volumes/new/_data"))
        #expect(mounts[0]["reason"] == "-v new:/data; in place of VOLUME of the image")
        #expect(mounts[1]["origin"] == "VOLUME of the image")
        #expect(mounts[1]["anonymous"].boolean == true && mounts[1]["name"].isNull)
        #expect(try store.names() == ["empty", "full"])
    }

    @Test("the part of a volume that is mounted: there, empty, a file, or missing")
    func subpaths() throws {
        let data = try store.makeVolume("parts")
        try Tool.run("mkdir", data.root + "/empty", data.root + "/full").check()
        try data.file("full/x", "x")
        let mounts = try plan(
            "--image", "app:1", "-v", "parts:/data:subpath=full", "-v", "parts:/data/sub:subpath=empty", "-v",
            "parts:/real:subpath=full/x", "-v", "parts:/x:subpath=nope", "-v", "new:/y:subpath=a")
        #expect(mounts.map { $0["destination"].text } == ["/data", "/link", "/real", "/x", "/y", "/data/sub"])
        #expect(mounts.map { $0["state"].text } == ["exists", "created", "exists", "missing", "missing", "exists"])
        #expect(mounts.map { $0["populatedFrom"].text } == [nil, "/real", nil, nil, nil, "/data/sub"])
    }

    @Test("binds: where they really are, made or missing; nothing is made")
    func binds() throws {
        let mounts = try plan(
            "-v", store("alias") + ":/a:ro,rslave", "-v", store("new/dir") + ":/b", "--mount",
            "type=bind,src=\(store("nope")),dst=/c", "--mount", "type=image,src=app:1,dst=/d", "--mount",
            "type=image,src=nope,dst=/e")
        #expect(mounts.map { $0["state"].text } == ["exists", "created", "missing", "exists", "missing"])
        #expect(mounts[0]["resolvedSource"].text == store("host"))
        #expect(mounts[0]["source"].text == store("alias"))
        #expect(mounts[0]["readOnly"].boolean == true && mounts[0]["propagation"] == "rslave")
        #expect(mounts[3]["readOnly"].boolean == true)
        #expect(try Tool.run("test", "-e", store("new")).status == 1)
    }

    @Test("the mounts of a container, and what another takes over")
    func containers() throws {
        try store.holdfast("container", "create", "--name", "web", "-v", "pg:/data", "--tmpfs", "/run", "app:1", "true")
            .check()
        let mounts = try plan("--container", "web")
        #expect(mounts.map { $0["destination"].text } == ["/data", "/link", "/run"])
        #expect(mounts.map { $0["name"].text?.count } == [2, 64, nil])
        #expect(mounts[0]["origin"] == "-v pg:/data")
        let result = try store.holdfast("mount", "plan", "--json", "--volumes-from", "web:ro").check()
        let inherited = try JSON(parsing: result.text).elements
        #expect(inherited.map { $0["destination"].text } == ["/data", "/link"])
        #expect(inherited.allSatisfy { $0["readOnly"].boolean == true && $0["noCopy"].boolean == true })
        let told = try store.holdfast("mount", "plan", "--volumes-from", "web").check().errorText
        #expect(told.contains("/run of --volumes-from web is left out"))
        #expect(try store.holdfast("mount", "plan", "--volumes-from", "nobody").status == 4)
        #expect(try store.holdfast("mount", "plan", "--image", "nobody").status == 4)
        #expect(try store.holdfast("mount", "plan", "--container", "web", "-v", "a:/b").status == 2)
    }

    @Test("a fault is one line, the text with a mark below it, and a hint")
    func faults() throws {
        let text = try store.holdfast("mount", "plan", "-v", "data:/x:ro,nocpoy")
        #expect(text.status == 2 && text.text.isEmpty)
        #expect(
            text.errorText == """
                holdfast: -v, character 12: 'nocpoy' is not an option of a mount
                    data:/x:ro,nocpoy
                               ^^^^^^
                  hint: did you mean 'nocopy'?

                """)
        let json = try store.holdfast("mount", "plan", "--json", "--mount", "dst=/x,foo=1")
        let excerpt = try JSON(parsing: json.errorText)["error"]["excerpt"]
        #expect(excerpt["text"] == "dst=/x,foo=1")
        #expect(excerpt["offsetBytes"].integer == 7 && excerpt["lengthBytes"].integer == 3)
        let twice = try store.holdfast("mount", "plan", "-v", "a:/x", "--tmpfs", "/x/")
        #expect(twice.status == 2 && twice.errorText.contains("-v a:/x and --tmpfs /x/"))
        let raw = try store.holdfast.start(
            [Array("mount".utf8), Array("plan".utf8), Array("-v".utf8), [0x2f, 0xff] + Array(":/x".utf8)]
        ).wait(limitSeconds: 20)
        #expect(raw.status == 2 && raw.errorText.contains("not UTF-8"))
    }

    @Test("the table is for people")
    func table() throws {
        let text = try store.holdfast("mount", "plan", "--image", "app:1", "-v", "/nope:/x:ro").check().text
        #expect(text.contains("filled from /data of the image") && text.contains("the directory is made"))
    }
}
