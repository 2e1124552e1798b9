/// An image that a test builds in code: layers of tar entries, and the documents that make an image of them.
///
/// The same members give the same digests. `ImageLayout` brings images into the forms in which engines hand them out.
package struct ImageFixture: Sendable {
    package struct Layer: Sendable {
        /// The uncompressed tar, whose digest is the DiffID.
        package let tar: [UInt8]
        /// What a registry or a layout has of it.
        package let stored: [UInt8]
        package var mediaType: String

        package init(_ members: [TarMember], _ compression: Compression = .none) throws {
            tar = members.tar
            stored = try compression.apply(to: tar)
            mediaType = compression.layerMediaType
        }

        package var diffID: String { Checksum.digest(tar) }
    }

    package var layers: [Layer]
    /// As `RepoTags` has them.
    package var names: [String]
    package var architecture = "amd64"
    /// The member `config` of the configuration: user, environment, volumes and so on, as JSON text.
    package var settings = #"{"Cmd":["/bin/sh"]}"#
    /// Instead of the layers' own.
    package var claimedDiffIDs: [String]?

    package init(_ layers: [Layer], names: [String] = []) {
        self.layers = layers
        self.names = names
    }

    /// An image of uncompressed layers, lowest first.
    package init(_ layers: [[TarMember]], names: [String] = []) throws {
        self.init(try layers.map { try Layer($0) }, names: names)
    }

    /// Three layers: files, a whiteout and an opaque directory, a hard link and a changed file.
    package static func sample(
        _ names: [String] = ["example.com/team/app:1"], _ compression: Compression = .none
    ) throws -> ImageFixture {
        let layers: [[TarMember]] = [
            [
                .directory("etc"), .file("etc/motd", "one\n"), .file("etc/gone", "x"), .directory("data"),
                .file("data/old", String(repeating: "old ", count: 5000)),
            ],
            [.whiteout(of: "etc/gone"), .directory("data"), .opaque(in: "data"), .file("data/new", "new\n")],
            [.file("etc/motd", "three\n"), .hardLink("etc/motd.link", to: "etc/motd")],
        ]
        return ImageFixture(try layers.map { try Layer($0, compression) }, names: names)
    }

    // MARK: Documents

    /// The configuration, whose digest is the image's id.
    package var configuration: [UInt8] {
        let diffIDs = (claimedDiffIDs ?? layers.map(\.diffID)).map { "\"\($0)\"" }.joined(separator: ",")
        let history = layers.indices.map { #"{"created":"2024-01-01T00:00:00Z","created_by":"step \#($0)"}"# }
        return Array(
            """
            {"architecture":"\(architecture)","config":\(settings),"created":"2024-01-01T00:00:00Z",\
            "history":[\(history.joined(separator: ","))],"os":"linux",\
            "rootfs":{"diff_ids":[\(diffIDs)],"type":"layers"}}
            """.utf8)
    }

    /// The digest of the configuration.
    package var id: String { Checksum.digest(configuration) }

    /// The OCI manifest.
    package var manifest: [UInt8] {
        let layers = layers.map { Self.descriptor($0.stored, $0.mediaType) }.joined(separator: ",")
        let config = Self.descriptor(configuration, "application/vnd.oci.image.config.v1+json")
        let mediaType = "application/vnd.oci.image.manifest.v1+json"
        return Array(
            #"{"config":\#(config),"layers":[\#(layers)],"mediaType":"\#(mediaType)","schemaVersion":2}"#.utf8)
    }

    /// A descriptor of some bytes, as JSON text.
    ///
    /// - Parameter members: further members, as JSON text: `"platform":{…}`.
    package static func descriptor(_ bytes: [UInt8], _ mediaType: String, _ members: String...) -> String {
        let own = #""digest":"\#(Checksum.digest(bytes))","mediaType":"\#(mediaType)","size":\#(bytes.count)"#
        return "{" + ([own] + members).joined(separator: ",") + "}"
    }

    /// An array of strings, as JSON text.
    static func list(_ texts: [String]) -> String { "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
}
