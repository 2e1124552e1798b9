import TestSupport
import Testing

/// Goal: the volumes of containers live and go as Docker's users expect: made and filled at the first create, shared by
/// name, gone with the last container only if nobody named them. Method: the built binary on an image with volumes.
@Suite("volumes of containers", .enabled(if: Environment.isRoot, "owners of files need root"))
struct ContainerVolumeTests {
    private let store: StoreFixture

    init() throws {
        store = try StoreFixture("container-volumes")
        let members: [TarMember] = [
            .directory("etc"), .file("etc/motd", "hello\n"), .directory("data", mode: 0o1770), .file("data/a", "1"),
            .directory("data/sub"), .file("data/sub/x", "3"), .directory("empty", mode: 0o711),
            .symbolicLink("link", to: "data/sub"), .file("file", "f"),
        ]
        var image = try ImageFixture([members], names: ["app:1"])
        image.settings = #"{"Cmd":["/bin/sh"],"Volumes":{"/data":{},"/empty":{}}}"#
        let plain = try ImageFixture([members], names: ["plain:1"])
        try ImageLayout.docker25.write([image, plain], to: store("images.tar"))
        try store.holdfast("image", "load", "-i", store("images.tar")).check()
    }

    @discardableResult
    private func create(_ name: String, _ options: [String] = [], image: String = "plain:1") throws -> [JSON] {
        try store.holdfast.run(["container", "create", "--name", name] + options + [image]).check()
        return try mounts(name)
    }

    private func mounts(_ container: String) throws -> [JSON] {
        try JSON(parsing: store.holdfast("container", "inspect", container).check().text)[0]["mounts"].elements
    }

    @Test("what an image declares becomes anonymous volumes, filled from the image, in the order of their destinations")
    func declared() throws {
        let mounts = try create("c", image: "app:1")
        #expect(mounts.map(\.["destination"].text) == ["/data", "/empty"])
        let names = try mounts.map { try #require($0["name"].text) }
        #expect(names.allSatisfy { $0.utf8.count == 64 } && Set(names).count == 2)
        #expect(try store.names() == names.sorted())
        let data = try #require(mounts[0]["source"].text)
        #expect(try Tool.run("cat", data + "/sub/x").check().text == "3")
        #expect(try Tool.run("stat", "-c", "%a", data).check().text == "1770\n")
        #expect(try Tool.run("stat", "-c", "%a", try store.mountpoint(names[1])).check().text == "711\n")
        let details = try store.inspect(names[0])
        #expect(details["anonymous"].boolean == true && details["populatedFrom"] == "app:1")
        #expect(details["populatedPath"] == "/data")
        #expect(details["references"].elements.map(\.text) == ["c"])
    }

    @Test("rm keeps volumes; rm -v removes those that nobody named, and only them")
    func removal() throws {
        let arguments = ["-v", "named:/named", "-v", "/own"]
        try create("c", arguments, image: "app:1")
        try create("d", arguments, image: "app:1")
        #expect(try store.names().count == 7)
        try store.holdfast("container", "rm", "c").check()
        #expect(try store.names().count == 7)
        try store.holdfast("container", "rm", "-v", "d").check()
        #expect(try store.names().count == 4)
        #expect(try store.names().contains("named"))
        #expect(try store.leftovers(in: "volumes").count == 4)
    }

    @Test("an anonymous volume that another container took over goes with the last of them")
    func inherited() throws {
        let name = try #require(try create("c", ["-v", "/own"])[0]["name"].text)
        let inherited = try create("d", ["--volumes-from", "c:ro"])
        #expect(inherited[0]["name"].text == name && inherited[0]["readOnly"].boolean == true)
        let kept = try store.holdfast("container", "rm", "-v", "c")
        #expect(kept.status == 3 && kept.errorText.contains("'d'"), "\(kept)")
        #expect(try store.names() == [name])
        try store.holdfast("container", "rm", "-v", "d").check()
        #expect(try store.names().isEmpty)
    }

    @Test("a protected volume stays, and is named")
    func protected() throws {
        let name = try #require(try create("c", ["-v", "/own"])[0]["name"].text)
        try store.holdfast("volume", "protect", name).check()
        let kept = try store.holdfast("container", "rm", "-v", "c")
        #expect(kept.status == 3 && kept.errorText.contains(name) && kept.errorText.contains("protected"), "\(kept)")
        #expect(try store.names() == [name])
    }

    @Test("a volume that a container has is not removed, and the container is named")
    func references() throws {
        try create("c", ["-v", "named:/x"])
        for options in [[], ["--force"]] {
            let refused = try store.holdfast.run(["volume", "rm", "named"] + options)
            #expect(refused.status == 5 && refused.errorText.contains("'c'"), "\(refused)")
        }
        try store.holdfast("container", "rm", "c").check()
        try store.holdfast("volume", "rm", "named").check()
    }

    @Test(
        "a create that fails takes back the volumes that it made",
        arguments: [
            (["--mount", "type=bind,src=/does/not/exist,dst=/x"], 4),
            (["--mount", "type=image,src=nix:1,dst=/x"], 4), (["-v", "z:/file"], 5),
            (["--volumes-from", "nix"], 4), (["--name", "taken"], 5),
            (["--mount", "type=volume,src=old,dst=/x,volume-label=a=b"], 5),
        ] as [([String], Int32)])
    func failure(_ options: [String], _ status: Int32) throws {
        try create("taken")
        try store.holdfast("volume", "create", "old").check()
        let failed = try store.holdfast.run(
            ["container", "create", "-v", "a:/a", "-v", "/b"] + options + ["app:1"])
        #expect(failed.status == status, "\(failed)")
        #expect(try store.names() == ["old"])
        #expect(try store.leftovers(in: "containers").count == 1)
        for name in ["staging", "trash"] { #expect(try store.leftovers(in: name).isEmpty) }
    }

    @Test("a named volume is filled once, whoever comes next; an emptied one is filled again")
    func once() throws {
        try create("c", ["-v", "v:/data"])
        let data = try store.mountpoint("v")
        try Tool.run("rm", data + "/a").check()
        try create("d", ["-v", "v:/data"])
        #expect(try Tool.run("ls", "-A", data).check().lines == ["sub"])
        try Tool.script("rm -r \"$1\"/*", data).check()
        try create("e", ["-v", "v:/data"])
        #expect(try Tool.run("ls", "-A", data).check().lines == ["a", "sub"])
    }

    @Test("an image that a container mounts is not removed")
    func mountedImage() throws {
        try create("c", ["--mount", "type=image,src=app:1,dst=/app"])
        let refused = try store.holdfast("image", "rm", "app:1")
        #expect(refused.status == 5 && refused.errorText.contains("'c'"), "\(refused)")
        #expect(try store.holdfast("image", "prune", "--json").status == 0)
        #expect(try store.holdfast("image", "inspect", "app:1").status == 0)
    }

    @Test("check names a volume without data; --repair removes its record unless a container has it")
    func withoutData() throws {
        try store.holdfast("volume", "create", "lost").check()
        try create("c", ["-v", "kept:/x"])
        for name in ["lost", "kept"] { try Tool.run("rm", "-r", store("store/volumes/\(name)/_data")).check() }
        let found = try store.holdfast("check")
        #expect(found.status == 7 && found.text.contains("lost") && found.text.contains("kept"), "\(found)")
        let repaired = try store.holdfast("check", "--repair")
        #expect(repaired.text.contains("container 'c'"), "\(repaired)")
        #expect(try store.names() == ["kept"])
    }

    @Test("what the store's policy forbids is neither created nor mounted")
    func policy() throws {
        try create("before", ["-v", store("srv") + ":/x"])
        let policy = #"{"deniedPrefixes": ["\#(store("srv"))"]}"#
        try TreeBuilder(store("store")).file("mount-policy.json", policy)
        let refused = try store.holdfast("container", "create", "-v", store("srv/a") + ":/x", "plain:1")
        #expect(refused.status == 6 && refused.errorText.contains(store("srv")), "\(refused)")
        let mounted = try store.holdfast("container", "mount", "--volumes", "before")
        #expect(mounted.status == 6, "\(mounted)")
        try create("other", ["-v", store("elsewhere") + ":/x"])
    }
}
