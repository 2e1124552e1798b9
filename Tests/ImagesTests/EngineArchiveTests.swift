import Images
import StorageModel
import TestSupport
import Testing

/// Goal: what the engines save is read. Method: a real Docker engine, Podman, skopeo and umoci make, save and convert images of
/// several layers and names; what they say of them is compared with what is read, and every layer with its DiffID.
@Suite(
    "Archives of real engines", .dockerEngine,
    .enabled(if: Engines.arePossible, "needs dockerd, podman, skopeo, umoci and root"))
struct EngineArchiveTests {
    private let fixture: ArchiveFixture
    private let docker: DockerEngine

    init() throws {
        fixture = try ArchiveFixture()
        docker = try #require(DockerEngine.current)
    }

    /// What an engine says of one of its images.
    private struct Description: Equatable {
        let id: String
        let layers: [String]

        init(_ inspected: ProcessResult) throws {
            let json = try JSON(parsing: inspected.check().text)[0]
            let id = try #require(json["Id"].text)
            self.id = id.hasPrefix("sha256:") ? id : "sha256:" + id
            layers = json["RootFS"]["Layers"].elements.compactMap(\.text)
        }

        init(_ image: LoadableImage) {
            id = image.id.description
            layers = image.layers.map(\.diffID.description)
        }
    }

    /// Makes an image with a layer for each content in an engine: the lowest by `import`, which all of them have, the others
    /// by `create`, `cp` and `commit`. No container runs.
    private func make(_ name: String, _ contents: [String], by engine: ([String]) throws -> ProcessResult) throws {
        let tree = try TreeBuilder(
            try fixture.directory.makeDirectory("tree-" + name.map { $0.isLetter ? $0 : "-" }))
        for (index, content) in contents.enumerated() {
            try tree.file("file\(index)", content)
            if index == 0 {
                try Tool.run("tar", "-C", tree.root, "-cf", fixture("base.tar"), ".").check()
                _ = try engine(["import", "--change", "CMD [\"/bin/true\"]", fixture("base.tar"), name]).check()
                continue
            }
            let container = try #require(try engine(["create", name]).check().lines.last)
            _ = try engine(["cp", tree.root + "/file\(index)", "\(container):/file\(index)"]).check()
            _ = try engine(["commit", "--change", "ENV STEP=\(index)", container, name]).check()
            _ = try engine(["rm", container]).check()
        }
    }

    @Test("docker save of one image, of several, and of an untagged one")
    func dockerSave() throws {
        try make("app/one:1", ["a", "b", "c"], by: { try docker.run($0) })
        try docker("tag", "app/one:1", "localhost:5000/other:2").check()
        try make("two", ["a", "z"], by: { try docker.run($0) })
        let (one, two) = (try Description(docker("inspect", "app/one:1")), try Description(docker("inspect", "two")))
        try docker("save", "--output", fixture("one.tar"), "app/one:1", "localhost:5000/other:2").check()
        let alone = try fixture.images(in: "one.tar")
        try #require(alone.count == 1)
        #expect(Description(alone[0]) == one)
        #expect(alone[0].names.map(\.description).sorted() == ["app/one:1", "localhost:5000/other:2"])
        #expect(alone[0].configuration.command == ["/bin/true"])
        try expectWholeLayers(alone[0])

        try docker("save", "--output", fixture("both.tar"), "two", "app/one:1").check()
        let both = try fixture.images(in: "both.tar")
        #expect(Set(both.map(\.id.description)) == [one.id, two.id])
        for image in both { try expectWholeLayers(image) }

        try docker("save", "--output", fixture("untagged.tar"), one.id).check()
        let untagged = try fixture.images(in: "untagged.tar")
        #expect(untagged.map(Description.init) == [one])
        #expect(untagged.first?.names == [])
    }

    @Test("two layers of the same content, which Docker saves as a link")
    func sameLayerTwice() throws {
        try make("base:1", ["a"], by: { try docker.run($0) })
        // Two commits of unchanged containers: both layers are empty, and equal.
        for name in ["base:2", "base:3"] {
            let below = name == "base:2" ? "base:1" : "base:2"
            let container = try #require(try docker("create", below).check().lines.last)
            try docker("commit", container, name).check()
            try docker("rm", container).check()
        }
        try docker("save", "--output", fixture("image.tar"), "base:3").check()
        let found = try #require(try fixture.images(in: "image.tar").first)
        #expect(Description(found) == (try Description(docker("inspect", "base:3"))))
        try expectWholeLayers(found)
    }

    @Test("podman save in all its forms", arguments: ["docker-archive", "oci-archive", "docker-dir", "oci-dir"])
    func podmanSave(_ format: String) throws {
        let podman = try PodmanEngine()
        try make("localhost/app:1", ["a", "b", "c"], by: { try podman.run($0) })
        try podman("tag", "localhost/app:1", "example.com/app:2").check()
        try podman("save", "--format", format, "--output", fixture("image"), "localhost/app:1").check()
        let found = try fixture.images(in: "image")
        try #require(found.count == 1)
        #expect(Description(found[0]) == (try Description(podman("inspect", "localhost/app:1"))))
        #expect(found[0].names.map(\.description) == (format == "docker-dir" ? [] : ["localhost/app:1"]))
        try expectWholeLayers(found[0])
    }

    @Test(
        "conversions by skopeo", arguments: ["docker-archive", "oci", "oci-archive"], ["gzip", "zstd"])
    func skopeo(_ transport: String, _ compression: String) throws {
        try make("conv-\(transport)-\(compression):1", ["a", "b"], by: { try docker.run($0) })
        try docker("save", "--output", fixture("saved.tar"), "conv-\(transport)-\(compression):1").check()
        let suffix = transport == "docker-archive" ? ":example.com/conv:1" : ":some-tag"
        var arguments = ["skopeo", "--insecure-policy", "copy", "--dest-compress-format", compression]
        if transport == "oci" { arguments += ["--dest-oci-accept-uncompressed-layers=false", "--dest-compress"] }
        try Tool.run(
            arguments + ["docker-archive:" + fixture("saved.tar"), "\(transport):\(fixture("image"))\(suffix)"]
        ).check()
        let found = try fixture.images(in: "image")
        try #require(found.count == 1)
        #expect(found[0].layers.count == 2)
        #expect(found[0].names.map(\.description) == (transport == "docker-archive" ? ["example.com/conv:1"] : []))
        try expectWholeLayers(found[0])
    }

    @Test("a layout that umoci made, with several tags")
    func umoci() throws {
        let layout = fixture("layout")
        try Tool.run("umoci", "init", "--layout", layout).check()
        for tag in ["first", "second"] {
            try Tool.run("umoci", "new", "--image", "\(layout):\(tag)").check()
            let tree = try TreeBuilder(fixture("tree-\(tag)"))
            for index in 0..<3 {
                try tree.file("file", "\(tag) \(index)")
                try Tool.run("umoci", "insert", "--image", "\(layout):\(tag)", tree.root + "/file", "/file\(index)")
                    .check()
            }
        }
        let found = try fixture.images(in: "layout")
        #expect(found.map(\.layers.count) == [3, 3])
        #expect(found.allSatisfy { $0.names.isEmpty })
        for image in found { try expectWholeLayers(image) }
        try Tool.run("tar", "-C", layout, "-cf", fixture("layout.tar"), ".").check()
        #expect(try fixture.images(in: "layout.tar").map(\.id) == found.map(\.id))
    }

    @Test("what the fixture builds is what the engines understand", arguments: ImageLayout.allCases)
    func fixtureIsHonest(_ layout: ImageLayout) throws {
        let name = "example.com/honest/\(layout.rawValue):1"
        let image = try ImageFixture.sample([name])
        try layout.write([image], to: fixture("image.tar"))
        if layout == .layout {
            let podman = try PodmanEngine()
            try podman("load", "--input", fixture("image.tar")).check()
            #expect(try podman("images", "--quiet", "--no-trunc").check().lines == [image.id])
        } else {
            try docker("load", "--input", fixture("image.tar")).check()
            #expect(try Description(docker("inspect", name)).id == image.id)
        }
    }
}
