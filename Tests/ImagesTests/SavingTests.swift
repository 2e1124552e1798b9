import Archive
import Images
import StorageModel
import TestSupport
import Testing

/// Goal: what is saved is loaded by every engine and by ourselves, byte for byte, and never half of it is seen. Method: images
/// built in code; real engines load the archive and name the image's id.
@Suite(
    "Saving images", .dockerEngine,
    .enabled(if: Engines.arePossible, "needs dockerd, podman, skopeo, umoci and root"))
struct SavingTests {
    private let fixture: ArchiveFixture
    private let docker: DockerEngine
    private let images: [ImageFixture]

    init() throws {
        fixture = try ArchiveFixture()
        docker = try #require(DockerEngine.current)
        var second = try ImageFixture.sample(["example.com/saved/second:2", "official:3", "example.com/saved/second:1"])
        second.settings = #"{"User":"1000","Volumes":{"/data":{}}}"#
        // The second shares layers with the first; the third has one of them twice, and no name.
        let first = try ImageFixture.sample(["example.com/saved/first:1"])
        images = [first, second, ImageFixture([first.layers[0], first.layers[0], first.layers[2]])]
    }

    private func save(
        _ images: [ImageFixture], to name: String, _ tars: LayerTars? = nil, replaces: Bool = false
    ) throws {
        let tars = tars ?? LayerTars(images)
        try writeImages(try images.map { try SavedImage($0) }, to: fixture(name), replaces: replaces) { tars.feed($0) }
    }

    @Test("what is saved is loaded again")
    func roundTrip() throws {
        try save(images, to: "images.tar")
        let found = try fixture.images(in: "images.tar")
        try #require(found.count == 3)
        for image in images {
            var sorted = image
            sorted.names = try image.names.map { try ImageReference($0) }.sorted().map(\.canonical)
            try expect(try #require(found.first { $0.id.description == image.id }), is: sorted)
        }
    }

    @Test("the layout alone is enough, and the list of docker save alone", arguments: ["manifest.json", "index.json"])
    func eitherHalf(_ without: String) throws {
        try save([images[0]], to: "images.tar")
        try fixture.unpack("images.tar", to: "images")
        try Tool.run("rm", fixture("images/\(without)")).check()
        try expect(try #require(try fixture.images(in: "images").first), is: images[0])
    }

    @Test("equal images make equal archives, whatever their order")
    func deterministic() throws {
        try save(images, to: "one.tar")
        try save([images[2], images[1], images[0], images[1]], to: "two.tar")
        try Tool.run("cmp", fixture("one.tar"), fixture("two.tar")).check()
    }

    @Test("the documents come first, every blob is there once, and tar agrees")
    func order() throws {
        try save(images, to: "images.tar")
        let names = try Tool.run("tar", "-tf", fixture("images.tar")).check().lines
        #expect(
            Array(names.prefix(6)) == [
                "blobs/", "blobs/sha256/", "oci-layout", "index.json", "manifest.json", "repositories",
            ])
        let blobs = names.dropFirst(6)
        #expect(Set(blobs).count == blobs.count)
        // Three configurations, three manifests, three different layers.
        #expect(blobs.count == 9)
        let sums = try Tool.script(
            "tar -xf \"$1\" && sha256sum blobs/sha256/*", fixture("images.tar"), in: fixture.directory.path)
        for line in try sums.check().lines { #expect(line.hasSuffix(line.prefix(64)), "\(line)") }
        let verbose = try Tool.run("tar", "--numeric-owner", "--utc", "-tvf", fixture("images.tar")).check().lines
        #expect(verbose.allSatisfy { $0.contains(" 0/0 ") && $0.contains(" 1970-01-01 00:00 ") })
    }

    @Test("Docker loads it")
    func dockerLoads() throws {
        try save(images, to: "images.tar")
        try docker("load", "--input", fixture("images.tar")).check()
        let ids = try docker("images", "--quiet", "--no-trunc").check().lines
        #expect(Set(ids).isSuperset(of: images.map(\.id)))
        for image in images {
            for name in image.names {
                let found = try docker("inspect", "--format", "{{.Id}}", name).check().lines
                #expect(found == [image.id], "\(name)")
            }
        }
    }

    @Test("Podman loads it")
    func podmanLoads() throws {
        let podman = try PodmanEngine()
        try save(images, to: "images.tar")
        try podman("load", "--input", fixture("images.tar")).check()
        for image in images where !image.names.isEmpty {
            for name in image.names {
                let canonical = try ImageReference(name).canonical
                let found = try podman("inspect", "--format", "{{.Id}}", canonical).check().lines
                #expect(found.map { "sha256:" + $0 } == [image.id], "\(name)")
            }
        }
    }

    @Test("skopeo reads it as both", arguments: ["docker-archive", "oci-archive"])
    func skopeoReads(_ transport: String) throws {
        try save([images[0]], to: "image.tar")
        let result = try Tool.run("skopeo", "inspect", "--config", "--raw", "\(transport):\(fixture("image.tar"))")
            .check()
        #expect(Checksum.digest(result.output) == images[0].id)
        let copy = "oci:" + fixture("copy")
        try Tool.run("skopeo", "--insecure-policy", "copy", "\(transport):\(fixture("image.tar"))", copy).check()
    }

    @Test("umoci unpacks it")
    func umociUnpacks() throws {
        try save([images[0]], to: "image.tar")
        try fixture.unpack("image.tar", to: "layout")
        try Tool.run("umoci", "unpack", "--image", fixture("layout") + ":1", fixture("bundle")).check()
        #expect(try Tool.run("cat", fixture("bundle/rootfs/etc/motd")).check().text == "three\n")
    }

    // MARK: What goes wrong

    /// What may have happened to the layers in the store, and the word by which it is told.
    enum Damage: String, CaseIterable {
        case anotherByte = "its digest is"
        case aByteLess = "bytes instead of"
        case aByteMore = "more than"
        case everythingGone = "0 bytes"

        func apply(to tar: inout [UInt8]) {
            switch self {
            case .anotherByte: tar[700] ^= 1
            case .aByteLess: tar.removeLast()
            case .aByteMore: tar.append(0)
            case .everythingGone: tar = []
            }
        }
    }

    @Test("a layer that is not what it was ends it, and nothing is left", arguments: Damage.allCases)
    func damagedLayer(_ damage: Damage) throws {
        var tars = LayerTars(images)
        tars.change { damage.apply(to: &$0) }
        try fixture.directory.makeDirectory("target")
        expectFailure(.damaged, [damage.rawValue, "layer sha256:"]) { try save(images, to: "target/images.tar", tars) }
        #expect(try Tool.run("ls", "-A", fixture("target")).check().output.isEmpty)
    }

    @Test("a file that exists is kept, or replaced on demand")
    func existing() throws {
        try TreeBuilder(fixture.directory.path).file("images.tar", "mine")
        expectFailure(.conflict, ["images.tar", "--force"]) { try save(images, to: "images.tar") }
        #expect(try Tool.run("cat", fixture("images.tar")).check().text == "mine")
        try save(images, to: "images.tar", replaces: true)
        #expect(try fixture.images(in: "images.tar").count == 3)
    }

    @Test("no room on the disk")
    func noSpace() throws {
        let disk = try SmallDisk(at: try fixture.directory.makeDirectory("disk"), sizeKiB: 64)
        let image = try ImageFixture([[.file("large", [UInt8](repeating: 7, count: 200_000))]])
        expectFailure(.noSpace) { try save([image], to: "disk/images.tar") }
        #expect(try Tool.run("ls", "-A", disk.path).check().output.isEmpty)
    }

    @Test("interrupted, it leaves nothing")
    func interrupted() throws {
        let checkpoint = Checkpoint()
        let tars = LayerTars(images)
        try fixture.directory.makeDirectory("target")
        expectFailure(.interrupted) {
            let saved = try images.map { try SavedImage($0) }
            try writeImages(saved, to: fixture("target/images.tar"), checkpoint: checkpoint) { layer in
                checkpoint.interruption.request()
                return tars.feed(layer)
            }
        }
        #expect(try Tool.run("ls", "-A", fixture("target")).check().output.isEmpty)
    }

    @Test("layers that are not the configuration's are refused before anything is written")
    func otherLayers() throws {
        let saved = try SavedImage(images[0])
        expectFailure(.damaged, ["has not the layers"]) {
            _ = try SavedImage(
                id: saved.id, configuration: saved.configuration, names: [], layers: saved.layers.dropLast())
        }
    }
}
