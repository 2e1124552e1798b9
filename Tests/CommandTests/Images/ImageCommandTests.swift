import TestSupport
import Testing

/// Goal: images come in whole or not at all, are shared, named and removed as Docker's users expect. Method: archives built in
/// code, the binary, and the store's own files.
@Suite("image commands", .enabled(if: Environment.isRoot, "layers need root")) struct ImageCommandTests {
    private let store: StoreFixture

    init() throws { store = try StoreFixture("image") }

    private func write(
        _ images: [ImageFixture], _ layout: ImageLayout = .docker25, as name: String = "image.tar"
    ) throws -> String {
        try layout.write(images, to: store(name))
        return store(name)
    }

    /// What the store is made of: its directories' names, sizes and rows, without what changes by being looked at.
    private func state() throws -> [String] {
        let files = try Tool.script(
            "cd \"$1\"; find . -path ./catalog.sqlite\\* -o -printf '%p %s %m %T@\\n' | LC_ALL=C sort | grep -v '^\\./\\(staging\\|trash\\) \\|^\\. '",
            store("store")
        ).check().lines
        let rows = try Tool.run(
            "sqlite3", store("store/catalog.sqlite"),
            "SELECT * FROM layers; SELECT * FROM images; SELECT * FROM tags; SELECT * FROM containers;"
        ).check().lines
        return files + rows
    }

    @Test("every layout loads; what it holds is listed, inspected and whole", arguments: ImageLayout.allCases)
    func loads(_ layout: ImageLayout) throws {
        let image = try ImageFixture.sample(["example.com/team/app:1"])
        let loaded = try store.holdfast("image", "load", "-i", try write([image], layout)).check()
        #expect(loaded.text == "example.com/team/app:1\n")
        let listed = try JSON(parsing: store.holdfast("image", "ls", "--json").check().text)[0]
        #expect(listed["id"].text == image.id)
        let inspected = try JSON(parsing: store.holdfast("image", "inspect", "example.com/team/app:1").check().text)[0]
        #expect(inspected["layers"].elements.map { $0["diffId"].text } == image.layers.map(\.diffID))
        #expect(inspected["command"].elements.map(\.text) == ["/bin/sh"])
        try store.holdfast("check", "--read-data").check()
    }

    @Test("loading twice changes nothing")
    func twice() throws {
        let archive = try write([try .sample()])
        try store.holdfast("image", "load", "-i", archive).check()
        let before = try state()
        let again = try JSON(parsing: store.holdfast("image", "load", "-i", archive, "--json").check().text)[0]
        #expect(again["new"].boolean == false && again["newLayers"].integer == 0)
        #expect(try state() == before)
    }

    @Test("from standard input, compressed as a whole")
    func standardInput() throws {
        let image = try ImageFixture.sample()
        let members = ImageLayout.docker24.members(of: [image])
        for compression in [Compression.gzip, .zstd, .xz] {
            let input = try compression.apply(to: members.tar)
            try store.holdfast("image", "load", input: .bytes(input)).check()
            try store.holdfast("image", "rm", image.names[0]).check()
        }
        #expect(try store.leftovers(in: "layers").isEmpty)
    }

    @Test(
        "layers are shared: the second image brings only what is new, and each goes with the last image that needs it")
    func sharing() throws {
        let base: [TarMember] = [.directory("a"), .file("a/base", "1")]
        let first = try ImageFixture([base, [.file("a/first", "1")]], names: ["first:1"])
        let second = try ImageFixture([base, [.file("a/second", "1")]], names: ["second:1"])
        try store.holdfast("image", "load", "-i", try write([first])).check()
        let report = try JSON(
            parsing: store.holdfast("image", "load", "-i", try write([second]), "--json").check().text)
        #expect(report[0]["layers"].integer == 2 && report[0]["newLayers"].integer == 1)
        #expect(try store.leftovers(in: "layers").count == 3)
        try store.holdfast("image", "rm", "first:1").check()
        #expect(try store.leftovers(in: "layers").count == 2)
        try store.holdfast("image", "rm", "second:1").check()
        for name in ["layers", "blobs/sha256", "staging", "trash"] { #expect(try store.leftovers(in: name).isEmpty) }
    }

    @Test("names: tagged, moved, removed one by one; an id stands for all of them")
    func names() throws {
        let one = try ImageFixture([[.file("a", "1")]], names: ["app:1"])
        let two = try ImageFixture([[.file("a", "2")]], names: ["app:2"])
        try store.holdfast("image", "load", "-i", try write([one, two])).check()
        try store.holdfast("image", "tag", "app:1", "app:stable").check()
        try store.holdfast("image", "tag", "app:2", "app:stable").check()
        #expect(try inspect("app:stable")["id"].text == two.id)
        try store.holdfast("image", "rm", "app:2").check()
        #expect(try inspect("app:stable")["names"].elements.map(\.text) == ["app:stable"])
        try store.holdfast("image", "tag", "app:stable", "other").check()
        #expect(try inspect("docker.io/library/other:latest")["id"].text == two.id)
        let short = String(two.id.dropFirst(7).prefix(12))
        #expect(try store.holdfast("image", "rm", short).status == 5)
        let removed = try JSON(parsing: store.holdfast("image", "rm", "--force", short, "--json").check().text)[0]
        #expect(removed["untagged"].elements.count == 2 && removed["images"].elements.count == 1)
        #expect(try store.holdfast("image", "inspect", "app:stable").status == 4)
        #expect(try store.holdfast("image", "rm", "nix").status == 4)
        #expect(try store.holdfast("image", "tag", "app:1", "Upper").status == 2)
    }

    @Test("an image that a container is made of is not removed, and says by which; prune leaves it too")
    func inUse() throws {
        try store.holdfast("image", "load", "-i", try write([try .sample(["app:1"])])).check()
        try store.holdfast("container", "create", "--name", "web", "app:1").check()
        let refused = try store.holdfast("image", "rm", "app:1")
        #expect(refused.status == 5 && refused.errorText.contains("'web'"), "\(refused)")
        try store.holdfast("image", "prune", "--all").check()
        #expect(try inspect("app:1")["containers"].elements.map(\.text) == ["web"])
        try store.holdfast("container", "rm", "web").check()
        let rehearsed = try JSON(
            parsing: store.holdfast("image", "prune", "--all", "--dry-run", "--json").check().text)
        #expect(rehearsed["layers"].elements.count == 3)
        #expect(try store.leftovers(in: "layers").count == 3)
        try store.holdfast("image", "prune", "--all").check()
        #expect(try store.leftovers(in: "layers").isEmpty)
    }

    @Test("import makes an image of a root file system, changes included; history tells of it")
    func imports() throws {
        let root: [TarMember] = [.directory("etc"), .file("etc/hostname", "x"), .directory("app").owned(by: 5, 6)]
        for compression in Compression.allCases where compression != .zstdBehindSkippable {
            let tar = try compression.apply(to: root.tar)
            try store.holdfast("image", "import", "-", "flat:\(compression)", input: .bytes(tar)).check()
        }
        try ImageLayout.write(root, to: store("root.tar"))
        try store.holdfast(
            "image", "import", store("root.tar"), "flat:1", "-m", "by hand", "-c", "CMD [\"/bin/app\", \"-v\"]", "-c",
            "ENV A=1 B=\"two words\"", "-c", "USER app:6", "-c", "WORKDIR /app", "-c", "VOLUME /data", "-c",
            "LABEL k=v",
            "-c", "EXPOSE 80", "-c", "ENTRYPOINT run it"
        ).check()
        let image = try inspect("flat:1")
        #expect(image["command"].elements.map(\.text) == ["/bin/app", "-v"])
        #expect(image["entrypoint"].elements.map(\.text) == ["/bin/sh", "-c", "run it"])
        #expect(image["environment"].elements.map(\.text) == ["A=1", "B=two words"])
        #expect(image["user"] == "app:6" && image["workingDirectory"] == "/app")
        #expect(image["volumes"].elements.map(\.text) == ["/data"])
        #expect(image["exposedPorts"].elements.map(\.text) == ["80/tcp"] && image["labels"]["k"] == "v")
        #expect(try store.leftovers(in: "layers").count == 1)
        let history = try JSON(parsing: store.holdfast("image", "history", "flat:1", "--json").check().text)
        #expect(history[0]["comment"] == "by hand")
        #expect(try store.holdfast("image", "import", store("root.tar"), "x:1", "-c", "FROM y").status == 2)
    }

    // MARK: Bad input

    struct Bad: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let status: Int32
        let words: String
        let make: @Sendable (inout ImageFixture, inout [TarMember]) throws -> Void
    }

    static let bad: [Bad] = [
        Bad(testDescription: "a layer with other content", status: 7, words: "layer 1") { image, members in
            let name = ImageLayout.blobName(image.layers[0].stored)
            guard let index = members.firstIndex(where: { $0.name == Array(name.utf8) }) else { return }
            members[index].content[600] ^= 1
        },
        Bad(testDescription: "a layer that is cut off", status: 7, words: "") { image, members in
            let name = ImageLayout.blobName(image.layers[2].stored)
            guard let index = members.firstIndex(where: { $0.name == Array(name.utf8) }) else { return }
            members[index].content.removeLast(1200)
        },
        Bad(testDescription: "a layer that is missing", status: 7, words: "blobs/sha256/") { image, members in
            let name = ImageLayout.blobName(image.layers[1].stored)
            members.removeAll { $0.name == Array(name.utf8) }
        },
        Bad(testDescription: "a configuration that is missing", status: 7, words: "") { image, members in
            let name = ImageLayout.blobName(image.configuration)
            members.removeAll { $0.name == Array(name.utf8) }
        },
        Bad(testDescription: "neither manifest nor index", status: 7, words: "image archive") { _, members in
            members.removeAll { $0.name == Array("manifest.json".utf8) || $0.name == Array("index.json".utf8) }
        },
        Bad(testDescription: "a root file system", status: 7, words: "image import") { _, members in
            members = [.directory("bin"), .file("bin/sh", "x"), .directory("etc"), .directory("usr")]
        },
    ]

    @Test("what is wrong is said, and the store is as it was", arguments: bad)
    func badArchives(_ example: Bad) throws {
        let good = try ImageFixture([[.file("kept", "1")]], names: ["kept:1"])
        try store.holdfast("image", "load", "-i", try write([good], as: "good.tar")).check()
        let before = try state()
        var image = try ImageFixture.sample(["bad:1"])
        var members = ImageLayout.docker25.members(of: [image])
        try example.make(&image, &members)
        try ImageLayout.write(members, to: store("bad.tar"))
        let result = try store.holdfast("image", "load", "-i", store("bad.tar"))
        #expect(result.status == example.status, "\(result)")
        #expect(result.errorText.contains(example.words), "\(result)")
        #expect(try state() == before)
    }

    @Test("an archive that ends early, garbage and nothing at all are refused")
    func noArchives() throws {
        let archive = try write([try .sample()])
        try Tool.run("truncate", "-s", "4000", archive).check()
        #expect(try store.holdfast("image", "load", "-i", archive).status == 7)
        #expect(try store.holdfast("image", "load", input: .bytes(Array("nonsense".utf8))).status == 7)
        #expect(try store.holdfast("image", "load", input: .bytes([])).status == 7)
        #expect(try store.holdfast("image", "load", "-i", store("missing.tar")).status == 4)
        #expect(try store.leftovers(in: "staging").isEmpty)
    }

    @Test("501 layers are one too many")
    func tooManyLayers() throws {
        let layers = try (0..<501).map { try ImageFixture.Layer([.file("f\($0)", "x")]) }
        let result = try store.holdfast("image", "load", "-i", try write([ImageFixture(layers, names: ["a:1"])]))
        #expect(result.status == 1 && result.errorText.contains("500"), "\(result)")
        #expect(try store.leftovers(in: "layers").isEmpty)
    }

    @Test("a layer that grows beyond the disk gives its space back")
    func bomb() throws {
        let disk = try SmallDisk(at: try store.directory.makeDirectory("small"), sizeKiB: 30_000)
        let zeros = TarMember.file("zeros", [UInt8](repeating: 0, count: 200 << 20))
        let image = ImageFixture([try .init([zeros], .zstd)], names: ["bomb:1"])
        let archive = try write([image])
        let small = CommandRunner(root: disk.path + "/store")
        try small("volume", "create", "v").check()
        let before = try Tool.run("du", "-s", disk.path + "/store").check().text
        let result = try small("image", "load", "-i", archive)
        #expect(result.status == 1, "\(result)")
        #expect(try Tool.run("du", "-s", disk.path + "/store").check().text == before)
        #expect(try small("image", "ls", "-q").check().output.isEmpty)
    }

    private func inspect(_ image: String) throws -> JSON {
        try JSON(parsing: store.holdfast("image", "inspect", image).check().text)[0]
    }
}
