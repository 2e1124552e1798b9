import Archive
import Images
import StorageModel
import TestSupport
import Testing

/// Goal: an archive that is damaged or made to harm is refused, with the reason and what to do. Method: honest layouts, changed
/// entry by entry.
@Suite("Hostile image archives") struct HostileImageTests {
    private let fixture: ArchiveFixture

    init() throws { fixture = try ArchiveFixture() }

    /// A change to an honest archive, and what must be said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layout: ImageLayout
        var code = StorageError.Code.damaged
        let words: [String]
        let change: @Sendable (ImageFixture, inout [TarMember]) throws -> Void
    }

    /// Changes the entries whose content is as given.
    private static func replace(
        _ content: [UInt8], in members: inout [TarMember], with change: (inout TarMember) -> Void
    ) {
        for index in members.indices where members[index].content == content { change(&members[index]) }
    }

    private static func edit(_ name: String, in members: inout [TarMember], _ old: String, _ new: String) {
        for index in members.indices where members[index].name == Array(name.utf8) {
            members[index].content = Array(
                String(decoding: members[index].content, as: UTF8.self).replacing(old, with: new).utf8)
        }
    }

    static let cases: [Case] = [
        Case(
            testDescription: "a missing layer", layout: .docker24,
            words: ["lacks", "layer.tar", "save the image again"]
        ) { image, members in
            members.removeAll { $0.content == image.layers[1].stored }
        },
        Case(testDescription: "a missing layer of a layout", layout: .layout, words: ["lacks blobs/sha256/"]) {
            image, members in
            members.removeAll { $0.content == image.layers[1].stored }
        },
        Case(testDescription: "a missing configuration", layout: .docker25, words: ["lacks blobs/sha256/"]) {
            image, members in
            members.removeAll { $0.content == image.configuration }
        },
        Case(testDescription: "a missing manifest", layout: .layout, words: ["lacks blobs/sha256/"]) { image, members in
            members.removeAll { $0.content == image.manifest }
        },
        Case(testDescription: "a layer of another size", layout: .layout, words: ["bytes"]) { image, members in
            replace(image.layers[2].stored, in: &members) { $0.content += [0] }
        },
        Case(testDescription: "a configuration of another digest", layout: .docker24, words: ["digest"]) {
            image, members in
            replace(image.configuration, in: &members) { $0.content = Array("{}".utf8) }
        },
        Case(testDescription: "a manifest of the right size and another digest", layout: .layout, words: ["digest"]) {
            image, members in
            replace(image.manifest, in: &members) { $0.content[20] ^= 1 }
        },
        Case(testDescription: "a list of layers that is too short", layout: .docker25, words: ["2 layers", "3"]) {
            image, members in
            edit("manifest.json", in: &members, "\"\(ImageLayout.blobName(image.layers[2].stored))\"", "")
            edit("manifest.json", in: &members, ",]", "]")
        },
        Case(testDescription: "a link to outside", layout: .podman, words: ["leads out"]) { image, members in
            replace(image.layers[0].tar, in: &members) {
                ($0.type, $0.content, $0.link) = ("2", [], Array("../../../etc/passwd".utf8))
            }
        },
        Case(testDescription: "an absolute link", layout: .podman, words: ["leads out"]) { image, members in
            replace(image.layers[0].tar, in: &members) {
                ($0.type, $0.content, $0.link) = ("2", [], Array("/etc/passwd".utf8))
            }
        },
        Case(testDescription: "links in a circle", layout: .podman, words: ["circles"]) { image, members in
            let name = Checksum.hex(image.layers[0].tar) + ".tar"
            members.removeAll { $0.content == image.layers[0].tar }
            members += [.symbolicLink(name, to: "other"), .symbolicLink("other", to: name)]
        },
        Case(testDescription: "a link to itself", layout: .layout, words: ["circles"]) { image, members in
            let name = ImageLayout.blobName(image.layers[0].stored)
            members.removeAll { $0.content == image.layers[0].stored }
            members.append(.hardLink(name, to: name))
        },
        Case(testDescription: "a directory in place of a layer", layout: .layout, words: ["is not a file"]) {
            image, members in
            members.removeAll { $0.content == image.layers[0].stored }
            members.append(.directory(ImageLayout.blobName(image.layers[0].stored)))
        },
        Case(testDescription: "a device in place of a layer", layout: .docker25, words: ["is not a file"]) {
            image, members in
            members.removeAll { $0.content == image.layers[0].stored }
            members.append(.device(ImageLayout.blobName(image.layers[0].stored), major: 1, minor: 5))
        },
        Case(testDescription: "a path that climbs out", layout: .docker25, words: ["leads out"]) { image, members in
            edit("manifest.json", in: &members, ImageLayout.blobName(image.configuration), "../../etc/passwd")
        },
        Case(testDescription: "an absolute path", layout: .docker25, words: ["leads out"]) { image, members in
            edit("manifest.json", in: &members, ImageLayout.blobName(image.layers[0].stored), "/etc/passwd")
        },
        Case(testDescription: "an entry that climbs out", layout: .docker25, words: ["leads out"]) { _, members in
            members.append(.file("../outside"))
        },
        Case(testDescription: "a digest that is a path", layout: .layout, words: ["without a sha256 digest"]) {
            image, members in
            let digest = Checksum.digest(image.manifest)
            edit("index.json", in: &members, digest, "sha256:../../" + digest.dropFirst("sha256:../../".count))
        },
        Case(testDescription: "a digest of another algorithm", layout: .layout, words: ["without a sha256 digest"]) {
            image, members in
            edit("index.json", in: &members, "sha256:", "md5:")
        },
        Case(testDescription: "a manifest.json that is no JSON", layout: .docker24, words: ["not JSON"]) { _, members in
            edit("manifest.json", in: &members, "[", "<")
        },
        Case(testDescription: "a manifest.json of another form", layout: .docker24, words: ["not a list"]) {
            _, members in
            members.append(.file("manifest.json", "{}"))
        },
        Case(testDescription: "a manifest.json without Config", layout: .docker24, words: ["without Config"]) {
            _, members in
            edit("manifest.json", in: &members, "Config", "Konfig")
        },
        Case(testDescription: "a name that is none", layout: .docker24, words: ["wrong name", "lower case"]) {
            _, members in
            edit("manifest.json", in: &members, "example.com/team/app:1", "example.com/Team/App:1")
        },
        Case(testDescription: "an index.json that is no JSON", layout: .layout, words: ["not JSON"]) { _, members in
            members.append(.file("index.json", "]"))
        },
        Case(testDescription: "an empty index", layout: .layout, words: ["holds no image"]) { _, members in
            members.append(.file("index.json", #"{"schemaVersion":2,"manifests":[]}"#))
        },
        Case(testDescription: "a later layout", layout: .layout, code: .tooNew, words: ["version 2.0.0"]) {
            _, members in
            members.append(.file("oci-layout", #"{"imageLayoutVersion":"2.0.0"}"#))
        },
        Case(testDescription: "a huge manifest.json", layout: .docker24, code: .limitExceeded, words: ["the most"]) {
            _, members in
            members.append(.file("manifest.json", "[" + String(repeating: " ", count: 9 << 20) + "]"))
        },
        Case(testDescription: "a manifest of schema version 1", layout: .layout, words: ["schema version 2"]) {
            image, members in
            let old = Array(#"{"schemaVersion":1,"fsLayers":[]}"#.utf8)
            members += [
                ImageLayout.blob(old),
                ImageLayout.index([ImageFixture.descriptor(old, "application/vnd.docker.distribution.manifest.v1+json")]
                ),
            ]
        },
        Case(testDescription: "an artifact that is no image", layout: .layout, words: ["holds no image", "artifacts"]) {
            _, members in
            let config = Array("{}".utf8)
            let artifact = Array(
                #"{"schemaVersion":2,"config":\#(ImageFixture.descriptor(config, "application/vnd.cncf.helm.config.v1+json")),"layers":[]}"#
                    .utf8)
            members += [
                ImageLayout.blob(config), ImageLayout.blob(artifact),
                ImageLayout.index([ImageFixture.descriptor(artifact, "application/vnd.oci.image.manifest.v1+json")]),
            ]
        },
        Case(testDescription: "a foreign layer that is not there", layout: .layout, words: ["lacks", "foreign layer"]) {
            image, members in
            var foreign = image
            foreign.layers[0].mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
            members = ImageLayout.layout.members(of: [foreign]).filter { $0.content != image.layers[0].stored }
        },
        Case(
            testDescription: "more layers than can be mounted", layout: .docker25, code: .limitExceeded,
            words: ["501 layers"]
        ) { image, members in
            let many = ImageFixture(Array(repeating: image.layers[0], count: 501), names: image.names)
            members = ImageLayout.docker25.members(of: [many])
        },
        Case(
            testDescription: "more layers than can be mounted, in a layout", layout: .layout, code: .limitExceeded,
            words: ["501 layers"]
        ) { image, members in
            let many = ImageFixture(Array(repeating: image.layers[0], count: 501), names: image.names)
            members = ImageLayout.layout.members(of: [many])
        },
        Case(testDescription: "a diff_id that is no digest", layout: .docker24, words: ["diff_id"]) { image, members in
            var wrong = image
            wrong.claimedDiffIDs = ["sha256:x", "y", "z"]
            members = ImageLayout.docker24.members(of: [wrong])
        },
        Case(
            testDescription: "a root file system", layout: .docker24,
            words: ["root file system", "holdfast image import"]
        ) { _, members in
            members = [.directory("etc"), .file("etc/passwd", "root\n"), .directory("usr")]
        },
        Case(
            testDescription: "a tar of something else", layout: .docker24,
            words: ["neither manifest.json nor index.json"]
        ) { _, members in
            members = [.file("README", "hello\n")]
        },
        Case(testDescription: "an archive of Docker before 1.10", layout: .docker24, words: ["before 1.10"]) {
            _, members in
            members.removeAll { $0.name == Array("manifest.json".utf8) }
        },
    ]

    @Test("refused", arguments: cases)
    func refused(_ item: Case) throws {
        let image = try ImageFixture.sample()
        var members = item.layout.members(of: [image])
        try item.change(image, &members)
        let text = expectFailure(item.code, item.words) { _ = try fixture.images(of: members) }
        #expect(text.contains("members.tar"), "the message names the archive: \(text)")
        // The same as a directory, unless tar itself refuses to make it.
        guard !item.testDescription.contains("climbs out"), !item.testDescription.contains("circle"),
            !item.testDescription.contains("itself")
        else { return }
        try fixture.unpack("members.tar", to: "directory")
        expectFailure(item.code, item.words.map { $0.replacing("members.tar", with: "directory") }) {
            _ = try fixture.images(in: "directory")
        }
    }

    @Test("an archive that is cut off anywhere", arguments: [ImageLayout.docker24, .docker25, .podman])
    func cutOff(_ layout: ImageLayout) throws {
        let whole = layout.members(of: [try ImageFixture.sample()]).tar
        // Without the second of the two blocks at its end it is still whole.
        let lengths = stride(from: 512, to: whole.count - 1024, by: 1000).map { $0 } + [whole.count - 1024]
        for length in lengths {
            try TreeBuilder(fixture.directory.path).file(Array("cut.tar".utf8), Array(whole[..<length]))
            expectFailure(.truncated) { _ = try fixture.images(in: "cut.tar") }
        }
    }

    @Test("a compressed archive that is cut off", arguments: [Compression.gzip, .xz, .zstd, .bzip2])
    func compressedCutOff(_ compression: Compression) throws {
        let whole = try compression.apply(to: ImageLayout.docker24.members(of: [try ImageFixture.sample()]).tar)
        for length in [whole.count / 3, whole.count * 2 / 3, whole.count - 5] {
            try TreeBuilder(fixture.directory.path).file(Array("cut".utf8), Array(whole[..<length]))
            #expect(throws: StorageError.self) { _ = try fixture.images(in: "cut") }
        }
    }

    @Test("a size that reaches behind the end of the file")
    func lyingSize() throws {
        let image = try ImageFixture.sample()
        var members = ImageLayout.docker24.members(of: [image])
        members[members.count - 1].claimedSize = 1 << 30
        expectFailure(.truncated) { _ = try fixture.images(of: members) }
    }

    @Test("a layer that is stored sparse")
    func sparseLayer() throws {
        let content = String(repeating: "\u{0}", count: 1 << 20) + "end"
        let image = try ImageFixture([[.file("a", content)]], names: ["example.com/a:1"])
        try ImageLayout.docker25.write([image], to: fixture("image.tar"))
        try fixture.unpack("image.tar", to: "image")
        let blob = ImageLayout.blobName(image.layers[0].stored)
        try Tool.run("fallocate", "--dig-holes", fixture("image/\(blob)")).check()
        try Tool.run("tar", "--sparse", "-C", fixture("image"), "-cf", fixture("sparse.tar"), ".").check()
        expectFailure(.damaged, ["sparse", "--sparse"]) { _ = try fixture.images(in: "sparse.tar") }
    }

    @Test("more entries than an image archive has")
    func tooManyEntries() throws {
        let members = (0..<600).map { TarMember.file("file\($0)") }
        try ImageLayout.write(members, to: fixture("many.tar"))
        var limits = ImageArchive.limits
        limits.entries = 500
        expectFailure(.limitExceeded, ["more than 500 entries"]) {
            _ = try fixture.images(in: "many.tar", limits: limits)
        }
    }

    @Test("an archive that yields more than there is room for")
    func bomb() throws {
        let image = try ImageFixture([[.file("zero", [UInt8](repeating: 0, count: 4 << 20))]], names: ["a:1"])
        try ImageLayout.docker24.write([image], to: fixture("bomb.tar.gz"), .gzip)
        var limits = ImageArchive.limits
        limits.totalBytes = 1 << 20
        expectFailure(.limitExceeded, ["1.0MiB"]) { _ = try fixture.images(in: "bomb.tar.gz", limits: limits) }
    }

    @Test(
        "what is no archive at all",
        arguments: [
            ("", StorageError.Code.damaged, "empty"), ("#!/bin/sh\nexit\n", .damaged, "not an archive"),
            (String(repeating: "x", count: 2000), .damaged, "not an archive"),
        ])
    func noArchive(_ content: String, _ code: StorageError.Code, _ word: String) throws {
        try TreeBuilder(fixture.directory.path).file("file", content)
        expectFailure(code, [word]) { _ = try fixture.images(in: "file") }
    }

    @Test("a path that leads nowhere")
    func missing() {
        expectFailure(.notFound, ["nowhere.tar", "check the path"]) { _ = try fixture.images(in: "nowhere.tar") }
    }
}
