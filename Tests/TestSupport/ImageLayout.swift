/// The forms in which engines hand out images, as lists of tar entries that a test may change before it writes them.
package enum ImageLayout: String, CaseIterable, Sendable {
    /// `docker save` of Docker 24 and older: a folder for each layer, links where two are the same.
    case docker24
    /// `docker save` of Docker 25 and newer: an OCI layout with a `manifest.json`, old configurations among the blobs.
    case docker25
    /// `podman save` and `skopeo copy` to `docker-archive:`.
    case podman
    /// An OCI layout alone.
    case layout
    /// What containerd exports: blobs first, the documents that explain them last.
    case containerd

    package func members(of images: [ImageFixture]) -> [TarMember] {
        switch self {
        case .docker24: Self.docker24(images)
        case .docker25:
            Self.blobs(images) + images.flatMap(Self.oldConfigurations) + Self.layoutDocuments(images)
                + [Self.manifest(images, configuration: Self.blobName, layer: { Self.blobName($0.stored) })]
        case .podman: Self.podman(images)
        case .layout: Self.layoutDocuments(images) + Self.blobs(images)
        case .containerd:
            [.directory("blobs"), .directory("blobs/sha256")] + Self.blobs(images)
                + [
                    Self.index(images),
                    Self.manifest(images, configuration: Self.blobName, layer: { Self.blobName($0.stored) }),
                    Self.marker,
                ]
        }
    }

    /// Writes the layout of some images as a tar.
    package func write(_ images: [ImageFixture], to path: String, _ compression: Compression = .none) throws {
        try Self.write(members(of: images), to: path, compression)
    }

    /// Writes some entries as a tar.
    package static func write(
        _ members: [TarMember], to path: String, _ compression: Compression = .none
    ) throws {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let name = path[path.index(after: slash)...]
        try TreeBuilder(String(path[..<slash])).file(Array(name.utf8), try compression.apply(to: members.tar))
    }

    // MARK: Parts

    package static func blobName(_ bytes: [UInt8]) -> String { "blobs/sha256/" + Checksum.hex(bytes) }

    /// An entry for a blob of an OCI layout.
    package static func blob(_ bytes: [UInt8]) -> TarMember { .file(blobName(bytes), bytes, mode: 0o444) }

    package static let marker = TarMember.file("oci-layout", #"{"imageLayoutVersion":"1.0.0"}"#)

    /// An `index.json` of the given descriptors, each a JSON text.
    package static func index(_ descriptors: [String]) -> TarMember { .file("index.json", indexText(descriptors)) }

    /// An index, as JSON text.
    package static func indexText(_ descriptors: [String]) -> String {
        let mediaType = "application/vnd.oci.image.index.v1+json"
        return
            #"{"manifests":[\#(descriptors.joined(separator: ","))],"mediaType":"\#(mediaType)","schemaVersion":2}"#
    }

    /// Configurations, manifests and layers, each blob once.
    package static func blobs(_ images: [ImageFixture]) -> [TarMember] {
        var seen: Set<[UInt8]> = []
        return images.flatMap { image in image.layers.map(\.stored) + [image.configuration, image.manifest] }
            .filter { seen.insert($0).inserted }.map(blob)
    }

    private static func layoutDocuments(_ images: [ImageFixture]) -> [TarMember] { [marker, index(images)] }

    /// One entry for each name, with both annotations; one without any for an image without a name.
    private static func index(_ images: [ImageFixture]) -> TarMember {
        index(
            images.flatMap { image in
                let mediaType = "application/vnd.oci.image.manifest.v1+json"
                if image.names.isEmpty { return [ImageFixture.descriptor(image.manifest, mediaType)] }
                return image.names.map { name in
                    let tag = name.split(separator: ":").last ?? ""
                    let annotations =
                        #"{"io.containerd.image.name":"\#(name)","org.opencontainers.image.ref.name":"\#(tag)"}"#
                    return ImageFixture.descriptor(image.manifest, mediaType, #""annotations":\#(annotations)"#)
                }
            })
    }

    /// `manifest.json`.
    private static func manifest(
        _ images: [ImageFixture], configuration: ([UInt8]) -> String, layer: (ImageFixture.Layer) -> String
    ) -> TarMember {
        let elements = images.map { image in
            let tags = image.names.isEmpty ? "null" : ImageFixture.list(image.names)
            let layers = ImageFixture.list(image.layers.map(layer))
            return #"{"Config":"\#(configuration(image.configuration))","RepoTags":\#(tags),"Layers":\#(layers)}"#
        }
        return .file("manifest.json", "[" + elements.joined(separator: ",") + "]\n")
    }

    private static func configurationName(_ bytes: [UInt8]) -> String { Checksum.hex(bytes) + ".json" }

    // MARK: Layouts

    private static func docker24(_ images: [ImageFixture]) -> [TarMember] {
        var members: [TarMember] = []
        var folders: [String: String] = [:]
        var firstWithTar: [[UInt8]: String] = [:]
        for image in images {
            members.append(.file(configurationName(image.configuration), image.configuration))
            var below = ""
            for layer in image.layers {
                // Any id will do, as long as it tells the layer with all below it.
                below = Checksum.hex(Array((below + layer.diffID).utf8))
                guard folders.updateValue(layer.diffID, forKey: below) == nil else { continue }
                members += [
                    .directory(below), .file(below + "/VERSION", "1.0"), .file(below + "/json", #"{"id":"\#(below)"}"#),
                ]
                if let first = firstWithTar[layer.tar] {
                    members.append(.symbolicLink(below + "/layer.tar", to: "../\(first)/layer.tar"))
                } else {
                    members.append(.file(below + "/layer.tar", layer.tar))
                    firstWithTar[layer.tar] = below
                }
            }
        }
        members.append(docker24Manifest(images))
        return members + [.file("repositories", "{}")]
    }

    private static func docker24Manifest(_ images: [ImageFixture]) -> TarMember {
        let elements = images.map { image in
            var below = ""
            let paths = image.layers.map { layer in
                below = Checksum.hex(Array((below + layer.diffID).utf8))
                return below + "/layer.tar"
            }
            let tags = image.names.isEmpty ? "null" : ImageFixture.list(image.names)
            let name = configurationName(image.configuration)
            return #"{"Config":"\#(name)","RepoTags":\#(tags),"Layers":\#(ImageFixture.list(paths))}"#
        }
        return .file("manifest.json", "[" + elements.joined(separator: ",") + "]\n")
    }

    private static func podman(_ images: [ImageFixture]) -> [TarMember] {
        var members: [TarMember] = []
        var seen: Set<[UInt8]> = []
        for image in images {
            for layer in image.layers where seen.insert(layer.tar).inserted {
                let hex = Checksum.hex(layer.tar)
                members.append(.file(hex + ".tar", layer.tar, mode: 0o444))
                members.append(.symbolicLink("\(Checksum.hex(Array(hex.utf8)))/layer.tar", to: "../\(hex).tar"))
            }
            members.append(.file(configurationName(image.configuration), image.configuration))
        }
        members.append(
            manifest(images, configuration: configurationName, layer: { Checksum.hex($0.tar) + ".tar" }))
        return members + [.file("repositories", "{}")]
    }

    private static func oldConfigurations(_ image: ImageFixture) -> [TarMember] {
        image.layers.map { blob(Array(#"{"created":"1970-01-01T00:00:00Z","id":"\#($0.diffID)"}"#.utf8)) }
    }
}
