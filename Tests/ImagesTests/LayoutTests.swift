import Images
import StorageModel
import TestSupport
import Testing

/// Goal: every form in which images travel is read into the same images. Method: images built in code, written in each
/// form; every byte of every layer is compared.
@Suite("Image layouts") struct LayoutTests {
    private let fixture: ArchiveFixture

    init() throws { fixture = try ArchiveFixture() }

    @Test("one image is read from every layout", arguments: ImageLayout.allCases)
    func oneImage(_ layout: ImageLayout) throws {
        let image = try ImageFixture.sample()
        try layout.write([image], to: fixture("image.tar"))
        let found = try fixture.images(in: "image.tar")
        try #require(found.count == 1)
        try expect(found[0], is: image)
        #expect(try fixture.spooledFiles() == 0, "a plain tar is used where it lies")
    }

    @Test("several images with shared layers, several names and none", arguments: ImageLayout.allCases)
    func severalImages(_ layout: ImageLayout) throws {
        var second = try ImageFixture.sample(["example.com/team/app:2", "example.com/team/app:latest", "short:1"])
        second.settings = #"{"User":"1000"}"#
        // The third repeats a layer, and has no name.
        let base = second.layers[0]
        let third = ImageFixture([base, base, second.layers[1]])
        let images = [try ImageFixture.sample(), second, third]
        try layout.write(images, to: fixture("images.tar"))
        let found = try fixture.images(in: "images.tar")
        try #require(found.count == 3)
        for image in images {
            try expect(try #require(found.first { $0.id.description == image.id }), is: image)
        }
    }

    @Test("a whole archive may be compressed", arguments: Compression.allCases, [ImageLayout.docker24, .containerd])
    func wholeArchiveCompressed(_ compression: Compression, _ layout: ImageLayout) throws {
        let image = try ImageFixture.sample()
        try layout.write([image], to: fixture("image"), compression)
        try expect(try #require(try fixture.images(in: "image").first), is: image)
        #expect(try fixture.spooledFiles() == (compression == .none ? 0 : 1))
    }

    @Test(
        "layers may be compressed, whatever their media type says", arguments: Compression.allCases,
        [ImageLayout.docker25, .layout])
    func layersCompressed(_ compression: Compression, _ layout: ImageLayout) throws {
        var image = try ImageFixture.sample(["example.com/a:1"], compression)
        image.layers[0].mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
        try expect(try #require(try fixture.images(of: layout.members(of: [image])).first), is: image)
    }

    @Test("a pipe is spooled to one file", arguments: [Compression.none, .gzip, .zstd])
    func pipe(_ compression: Compression) throws {
        let image = try ImageFixture.sample()
        try ImageLayout.containerd.write([image], to: fixture("image"), compression)
        try Tool.run("mkfifo", fixture("pipe")).check()
        let writer = try ChildProcess(
            ["bash", "-c", "cat \"$1\" > \"$2\"", "cat", fixture("image"), fixture("pipe")].map { Array($0.utf8) })
        let found = try fixture.images(in: "pipe")
        try writer.wait().check()
        try expect(try #require(found.first), is: image)
        #expect(try fixture.spooledFiles() == 1)
    }

    @Test("a directory is read as a tar is", arguments: ImageLayout.allCases)
    func directory(_ layout: ImageLayout) throws {
        let image = try ImageFixture.sample()
        try layout.write([image], to: fixture("image.tar"))
        try fixture.unpack("image.tar", to: "image")
        let found = try fixture.images(in: "image")
        try expect(try #require(found.first), is: image)
        #expect(try fixture.spooledFiles() == 0)
    }

    @Test("an image without layers")
    func noLayers() throws {
        let image = ImageFixture([ImageFixture.Layer](), names: ["example.com/empty:1"])
        for layout in ImageLayout.allCases {
            try expect(try #require(try fixture.images(of: layout.members(of: [image])).first), is: image)
        }
    }

    @Test("a layer that the archive holds behind a hard link")
    func hardLinkedLayer() throws {
        let image = try ImageFixture.sample()
        let moved = ImageLayout.layout.members(of: [image]).flatMap { member -> [TarMember] in
            guard member.content == image.layers[1].stored else { return [member] }
            return [
                member.with { $0.name = Array("elsewhere".utf8) },
                .hardLink(String(decoding: member.name, as: UTF8.self), to: "elsewhere"),
            ]
        }
        try expect(try #require(try fixture.images(of: moved).first), is: image)
    }

    @Test("of two entries of one name the last counts")
    func duplicateEntries() throws {
        let image = try ImageFixture.sample()
        var members = ImageLayout.docker24.members(of: [image])
        members.insert(.file("manifest.json", "[]"), at: 0)
        members.insert(.directory("blobs"), at: 1)
        try expect(try #require(try fixture.images(of: members).first), is: image)
    }

    // MARK: What particular versions wrote

    @Test("Docker 25.0 wrote a manifest.json without layers")
    func manifestWithoutLayers() throws {
        let image = try ImageFixture.sample()
        for layers in ["null", "[]"] {
            let config = ImageLayout.blobName(image.configuration)
            let members =
                ImageLayout.docker25.members(of: [image]) + [
                    .file(
                        "manifest.json",
                        #"[{"Config":"\#(config)","RepoTags":["example.com/team/app:1"],"Layers":\#(layers)}]"#)
                ]
            try expect(try #require(try fixture.images(of: members).first), is: image)
        }
    }

    @Test("an empty manifest.json leaves the word to index.json", arguments: ["null", "[]"])
    func emptyManifest(_ text: String) throws {
        let image = try ImageFixture.sample()
        let members = ImageLayout.docker25.members(of: [image]) + [.file("manifest.json", text)]
        try expect(try #require(try fixture.images(of: members).first), is: image)
    }

    @Test("an index with \"manifests\": null beside a manifest.json")
    func nullIndex() throws {
        let image = try ImageFixture.sample()
        let members =
            ImageLayout.docker25.members(of: [image]) + [
                .file("index.json", #"{"schemaVersion":2,"manifests":null}"#)
            ]
        try expect(try #require(try fixture.images(of: members).first), is: image)
    }

    @Test("configurations that are called by their digest, layers by .tar.gz, as ko and crane write them")
    func digestNames() throws {
        let image = try ImageFixture.sample(["example.com/ko:1"], .gzip)
        let layers = image.layers.map { Checksum.hex($0.stored) + ".tar.gz" }
        let list = layers.map { "\"\($0)\"" }.joined(separator: ",")
        let members =
            [TarMember.file(image.id, image.configuration)]
            + zip(layers, image.layers).map { .file($0, $1.stored) } + [
                .file(
                    "manifest.json", #"[{"Config":"\#(image.id)","RepoTags":["example.com/ko:1"],"Layers":[\#(list)]}]"#
                )
            ]
        try expect(try #require(try fixture.images(of: members).first), is: image)
    }

    @Test(
        "names from annotations",
        arguments: [
            (#"{"org.opencontainers.image.ref.name":"example.com/a:1"}"#, ["example.com/a:1"]),
            (#"{"org.opencontainers.image.ref.name":"a:1"}"#, ["docker.io/library/a:1"]),
            (#"{"org.opencontainers.image.ref.name":"3.20"}"#, []),
            (#"{"org.opencontainers.image.ref.name":"latest"}"#, []),
            (
                #"{"io.containerd.image.name":"docker.io/library/a:1","org.opencontainers.image.ref.name":"1"}"#,
                ["docker.io/library/a:1"]
            ),
            (
                #"{"io.containerd.image.name":"example.com/a:1","org.opencontainers.image.ref.name":"example.com/b:2"}"#,
                ["example.com/a:1", "example.com/b:2"]
            ),
            (#"{"io.containerd.image.name":"docker.io/library/a@sha256:\#(String(repeating: "a", count: 64))"}"#, []),
            (#"{"org.opencontainers.image.ref.name":"Not: a name"}"#, []),
            (#"{}"#, []),
        ])
    func annotations(_ annotations: String, _ expected: [String]) throws {
        let image = try ImageFixture.sample([])
        let members =
            ImageLayout.blobs([image]) + [
                ImageLayout.marker,
                ImageLayout.index([
                    ImageFixture.descriptor(
                        image.manifest, "application/vnd.oci.image.manifest.v1+json", #""annotations":\#(annotations)"#)
                ]),
            ]
        let found = try fixture.images(of: members)
        try #require(found.count == 1)
        #expect(found[0].names.map(\.canonical) == expected)
    }
}
