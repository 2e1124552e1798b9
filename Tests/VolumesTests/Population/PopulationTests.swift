import FileTree
import Holdfast
import Images
import Layers
import StorageModel
import TestSupport
import Testing
import Volumes

/// Goal: an empty volume gets exactly what the image has at the destination, any other stays as it is. Method: images built
/// in code; independent models of their layers, tar(1) and getfacl(1) as oracles; a table of destinations.
@Suite("Population", .enabled(if: Environment.isRoot, "owners, devices and overlay marks need root"))
struct PopulationTests {
    @Test("a volume has what the layers mean together", arguments: Array(1...12) as [UInt64])
    func layers(_ seed: UInt64) throws {
        let fixture = try PopulationFixture()
        var random = RandomLayers(seed: seed)
        let layers = random.make(Int(seed % 5) + 1)
        try fixture.load(layers)
        let model = fixture.files.directory("model")
        try LayerModel(layers).write(to: model, archive: fixture.files.directory("model.tar"))
        try fixture.store.create("v")
        try fixture.populate("v", at: "/data")
        let difference = try TreeFingerprint(fixture.files.data("v")).difference(from: TreeFingerprint(model + "/data"))
        #expect(difference.isEmpty, "seed \(seed): \(difference.joined(separator: "\n"))")
        try fixture.files.expectOrder()
    }

    @Test("owner, mode, lists, capabilities, holes, links, devices and all times are kept", arguments: [21, 22, 23])
    func everything(_ seed: UInt64) throws {
        let fixture = try PopulationFixture()
        let tree = try TreeBuilder(fixture.files.directory("tree"))
        try tree.directory("data")
        let data = try TreeBuilder(tree.root + "/data")
        try data.fill(seed: seed, RandomTreeOptions(entries: 150))
        try data.accessControlList(".", "u:4711:rx")
        try data.accessControlList(".", "g:4712:rwx", isDefault: true)
        try data.modified([], seconds: 1_234_567_890, nanoseconds: 123_456_789)
        try fixture.load(tree: tree.root)
        try fixture.store.create("v")
        try fixture.populate("v", at: "/data")
        let volume = fixture.files.data("v")
        let difference = try TreeFingerprint(volume, .comparingHoles).difference(
            from: TreeFingerprint(data.root, .comparingHoles))
        #expect(difference.isEmpty, "\(difference.joined(separator: "\n"))")
        let lists = try [data.root, volume].map {
            try Tool.script("cd \"$1\"; getfacl -R -n . | sort; getcap -r . | sort", $0).check().text
        }
        #expect(lists[0] == lists[1])
        let record = try #require(try fixture.population(of: "v"))
        #expect(record.image == "app:1" && record.path.rawValue == "/data")
    }

    struct Destination: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let path: String
        let expected: String
        var root = "755 0:0 1700000000"
    }

    /// In an image with `/a` (mode 0711 of 5:6) and what leads there.
    static let destinations: [Destination] = [
        Destination(testDescription: "a directory", path: "/a", expected: "b b/y=2 x=1", root: "711 5:6 1700000000"),
        Destination(testDescription: "a directory in it", path: "/a/b", expected: "y=2"),
        Destination(
            testDescription: "a link to it", path: "/link", expected: "b b/y=2 x=1", root: "711 5:6 1700000000"),
        Destination(testDescription: "through an absolute link", path: "/link/b", expected: "y=2"),
        Destination(testDescription: "through a link in a directory", path: "/d/up/b", expected: "y=2"),
        Destination(
            testDescription: "a link that climbs out", path: "/out", expected: "b b/y=2 x=1", root: "711 5:6 1700000000"
        ),
        Destination(
            testDescription: "an empty directory", path: "/empty", expected: "", root: "2750 1000:1000 1700000000"),
        Destination(
            testDescription: "a directory of which everything was removed", path: "/emptied", expected: "",
            root: "700 8:8 1700000000"),
    ]

    static let layers: [[TarMember]] = [
        [
            .directory("a", mode: 0o711).owned(by: 5, 6), .file("a/x", "1"), .directory("a/b"), .file("a/b/y", "2"),
            .symbolicLink("link", to: "/a"), .directory("d"), .symbolicLink("d/up", to: "../a"),
            .symbolicLink("out", to: "../../../a"), .directory("empty", mode: 0o2750).owned(by: 1000, 1000),
            .file("file", "f"), .symbolicLink("loop", to: "loop"), .symbolicLink("dangling", to: "/nowhere"),
            .symbolicLink("tofile", to: "file"), .directory("emptied", mode: 0o700).owned(by: 8, 8),
            .file("emptied/e", "e"),
        ],
        [.whiteout(of: "emptied/e")],
    ]

    @Test("where the destination leads in the image", arguments: destinations)
    func destination(_ example: Destination) throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        try fixture.populate("v", at: example.path)
        #expect(try fixture.listing("v") == example.expected)
        #expect(try fixture.root(of: "v") == example.root)
        #expect(try (fixture.population(of: "v") == nil) == example.expected.isEmpty)
    }

    @Test(
        "where the image has nothing, nothing is done",
        arguments: ["/nothing", "/nothing/below", "/dangling", "/loop", "/file/below"])
    func missing(_ path: String) throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        let before = try TreeFingerprint(fixture.files.data("v"))
        try fixture.populate("v", at: path)
        #expect(try TreeFingerprint(fixture.files.data("v")) == before)
        #expect(try fixture.population(of: "v") == nil)
    }

    @Test("a volume over a file is refused", arguments: ["/file", "/tofile"])
    func overFile(_ path: String) throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        do throws(StorageError) {
            let image = try fixture.store.images.image("app:1")
            try fixture.store.populate(
                VolumeMount(name: try VolumeName("v")), destination: try ContainerPath(path), image: image,
                imageName: "app:1", stack: try fixture.store.layers.stack(to: image.topLayer), mapping: nil,
                isDurable: true, checkpoint: Checkpoint())
            Issue.record("it was populated")
        } catch {
            #expect(error.code == .conflict && error.message.contains("'\(path)'") && error.message.contains("app:1"))
        }
    }

    @Test("nested destinations are each seeded from the image")
    func nested() throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        for (name, path) in [("outer", "/a"), ("inner", "/a/b")] {
            try fixture.store.create(name)
            try fixture.populate(name, at: path)
        }
        #expect(try fixture.listing("outer") == "b b/y=2 x=1")
        #expect(try fixture.listing("inner") == "y=2")
    }

    @Test("nocopy applies owner and mode, and nothing else")
    func noCopy() throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        try fixture.populate("v", at: "/a", isPopulated: false)
        #expect(try fixture.listing("v").isEmpty)
        #expect(try fixture.root(of: "v").hasPrefix("711 5:6 ") && !fixture.root(of: "v").hasSuffix("1700000000"))
        #expect(try fixture.population(of: "v") == nil)
        try fixture.populate("v", at: "/a")
        #expect(try fixture.listing("v") == "b b/y=2 x=1")
    }

    @Test(
        "what counts as empty",
        arguments: [
            ("mkdir lost+found", true), ("mkdir lost+found; touch lost+found/x", false), ("touch lost+found", false),
            ("mkdir lost+found other", false), ("ln -s nowhere link", false), ("touch .hidden", false),
            ("mkdir .holdfast-population.partial; touch .holdfast-population.partial/x", true), ("true", true),
        ])
    func emptiness(_ preparation: String, _ isEmpty: Bool) throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        try Tool.script("cd \"$1\"; \(preparation)", fixture.files.data("v")).check()
        let before = try fixture.listing("v")
        try fixture.populate("v", at: "/a")
        #expect(try fixture.listing("v") == (isEmpty ? "b b/y=2 x=1" : before))
    }

    @Test("an emptied volume is populated again, from any image")
    func again() throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.load([[.directory("a"), .file("a/z", "3")]], as: "app:2")
        try fixture.store.create("v")
        try fixture.populate("v", at: "/a")
        try fixture.populate("v", at: "/a", image: "app:2")
        #expect(try fixture.listing("v") == "b b/y=2 x=1")
        try Tool.script("cd \"$1\"; rm -r *", fixture.files.data("v")).check()
        try fixture.populate("v", at: "/a", image: "app:2")
        #expect(try fixture.listing("v") == "z=3")
        #expect(try fixture.population(of: "v")?.image == "app:2")
    }

    @Test("a subpath is populated where the volume has that directory")
    func subpath() throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        try fixture.populate("v", at: "/a", subpath: "p/q")
        #expect(try fixture.listing("v").isEmpty)
        try Tool.script("mkdir -p \"$1/p/q\"; ln -s p \"$1/l\"; touch -d @5 \"$1/p\"", fixture.files.data("v")).check()
        try fixture.populate("v", at: "/a", subpath: "l/q")
        #expect(try fixture.listing("v") == "l->p p p/q")
        try fixture.populate("v", at: "/a", subpath: "p/q")
        #expect(try fixture.listing("v") == "l->p p p/q p/q/b p/q/b/y=2 p/q/x=1")
        #expect(try Tool.run("stat", "-c", "%a %u", fixture.files.data("v") + "/p/q").check().text == "711 5\n")
        #expect(try fixture.population(of: "v") == nil)
    }

    @Test("in a user namespace the copies belong to the host's ids")
    func mapping() throws {
        let fixture = try PopulationFixture()
        try fixture.load(Self.layers)
        try fixture.store.create("v")
        try fixture.populate("v", at: "/a", mapping: try IdentityMapping("0:100000:65536"))
        let owners = try Tool.run("stat", "-c", "%u:%g", fixture.files.data("v"), fixture.files.data("v") + "/x")
            .check()
        #expect(owners.text == "100005:100006\n100000:100000\n")
    }
}
