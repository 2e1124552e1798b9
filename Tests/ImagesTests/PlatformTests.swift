import Images
import StorageModel
import TestSupport
import Testing

/// Goal: of an image for several platforms the one that is meant is found, also where most of its blobs are not there.
/// Method: layouts with indexes inside of indexes, built in code.
@Suite("Images for several platforms") struct PlatformTests {
    private let fixture: ArchiveFixture
    private let images: [String: ImageFixture]

    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    private static let indexType = "application/vnd.oci.image.index.v1+json"

    init() throws {
        fixture = try ArchiveFixture()
        var images: [String: ImageFixture] = [:]
        for architecture in ["amd64", "arm64", "riscv64"] {
            var image = try ImageFixture([[.file("architecture", architecture)]], names: ["example.com/multi:1"])
            image.architecture = architecture
            images[architecture] = image
        }
        self.images = images
    }

    private func image(_ architecture: String) throws -> ImageFixture { try #require(images[architecture]) }

    private func descriptor(_ architecture: String) throws -> String {
        ImageFixture.descriptor(
            try image(architecture).manifest, Self.manifestType,
            #""platform":{"architecture":"\#(architecture)","os":"linux"}"#)
    }

    /// An index of all three, with a statement of where they came from, as buildx puts it in.
    private func index() throws -> String {
        let statement = ImageFixture.descriptor(
            Array("{}".utf8), Self.manifestType, #""platform":{"architecture":"unknown","os":"unknown"}"#,
            #""annotations":{"vnd.docker.reference.type":"attestation-manifest"}"#)
        return ImageLayout.indexText([statement] + (try ["riscv64", "arm64", "amd64"].map(descriptor)))
    }

    /// A layout whose `index.json` leads to the index, with the blobs of some platforms.
    private func nested(holding architectures: [String]) throws -> [TarMember] {
        let index = Array(try index().utf8)
        let top = ImageFixture.descriptor(
            index, Self.indexType, #""annotations":{"io.containerd.image.name":"example.com/multi:1"}"#)
        return [ImageLayout.marker, ImageLayout.index([top]), ImageLayout.blob(index)]
            + ImageLayout.blobs(try architectures.map(image))
    }

    /// A layout whose `index.json` lists the platforms itself.
    private func flat() throws -> [TarMember] {
        [ImageLayout.marker, .file("index.json", try index())]
            + ImageLayout.blobs(try ["amd64", "arm64", "riscv64"].map(image))
    }

    @Test("the platform that is asked for", arguments: ["amd64", "arm64", "riscv64"])
    func asked(_ architecture: String) throws {
        let platform = Platform(os: "linux", architecture: architecture)
        let found = try fixture.images(of: nested(holding: ["amd64", "arm64", "riscv64"]), for: platform)
        try #require(found.count == 1)
        try expect(found[0], is: try image(architecture))
        var nameless = try image(architecture)
        nameless.names = []
        let other = try fixture.images(of: flat(), for: platform)
        try #require(other.count == 1)
        try expect(other[0], is: nameless)
    }

    @Test("this machine's, if none is asked for")
    func machine() throws {
        let expected = try image(Platform.current.architecture)
        for members in [try nested(holding: ["amd64", "arm64", "riscv64"]), try flat()] {
            let found = try fixture.images(of: members)
            #expect(found.map(\.id.description) == [expected.id])
        }
    }

    @Test("the one that is there, if this machine's is not")
    func partial() throws {
        let found = try fixture.images(of: nested(holding: ["riscv64"]))
        try #require(found.count == 1)
        try expect(found[0], is: try image("riscv64"))
    }

    @Test("one that is asked for and not there is named")
    func askedAndMissing() throws {
        let platform = Platform(os: "linux", architecture: "arm64")
        let digest = Checksum.hex(try image("arm64").manifest)
        expectFailure(.damaged, ["lacks blobs/sha256/\(digest)"]) {
            _ = try fixture.images(of: nested(holding: ["amd64"]), for: platform)
        }
    }

    @Test("a platform that the archive does not know", arguments: ImageLayout.allCases)
    func unknown(_ layout: ImageLayout) throws {
        let platform = Platform(os: "linux", architecture: "s390x")
        expectFailure(.notFound, ["no image for linux/s390x"]) {
            _ = try fixture.images(of: nested(holding: ["amd64", "arm64"]), for: platform)
        }
        expectFailure(.notFound, ["no image for linux/s390x", "linux/amd64"]) {
            _ = try fixture.images(of: layout.members(of: [try image("amd64")]), for: platform)
        }
    }

    @Test("a manifest.json for one platform beside an index of several")
    func manifestBesideIndex() throws {
        let members =
            try nested(holding: ["amd64", "arm64"])
            + ImageLayout.docker25.members(of: [try image("amd64")]).filter { $0.name == Array("manifest.json".utf8) }
        for architecture in ["amd64", "arm64"] {
            let found = try fixture.images(of: members, for: Platform(os: "linux", architecture: architecture))
            try expect(try #require(found.first), is: try image(architecture))
        }
    }

    @Test("indexes that are nested without end")
    func tooDeep() throws {
        var blobs: [TarMember] = []
        var inner = Array(try index().utf8)
        for _ in 0..<6 {
            blobs.append(ImageLayout.blob(inner))
            inner = Array(ImageLayout.indexText([ImageFixture.descriptor(inner, Self.indexType)]).utf8)
        }
        expectFailure(.damaged, ["nests indexes"]) {
            _ = try fixture.images(of: blobs + [.file("index.json", inner)])
        }
    }

    @Test("an index that leads to itself a thousand times over is given up")
    func tooMany() throws {
        let inner = Array(ImageLayout.indexText(Array(repeating: try descriptor("amd64"), count: 400)).utf8)
        let entry = ImageFixture.descriptor(inner, Self.indexType)
        let top = ImageLayout.index(Array(repeating: entry, count: 400))
        expectFailure(.limitExceeded, ["more than 20000 entries"]) {
            _ = try fixture.images(of: [top, ImageLayout.blob(inner)] + ImageLayout.blobs([try image("amd64")]))
        }
    }
}
