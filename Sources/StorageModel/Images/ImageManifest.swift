/// A reference to a blob by its content (OCI image specification, "Content Descriptors").
public struct ContentDescriptor: Hashable, Sendable {
    public let mediaType: String
    public let digest: Digest
    public let sizeBytes: UInt64

    public init(mediaType: String, digest: Digest, sizeBytes: UInt64) {
        self.mediaType = mediaType
        self.digest = digest
        self.sizeBytes = sizeBytes
    }

    /// - Throws: ``StorageError/Code/damaged`` if a field is missing or not of its form. URLs in it are never looked at.
    public init(_ json: JSONValue, of object: String) throws(StorageError) {
        guard let digestText = json["digest"]?.text, let digest = Digest(parsing: digestText) else {
            throw StorageError(.damaged, object: object, "\(object) has a descriptor without a sha256 digest")
        }
        guard let size = json["size"]?.count else {
            throw StorageError(.damaged, object: object, "\(object) does not say how large \(digest) is")
        }
        self.init(mediaType: json["mediaType"]?.text ?? "", digest: digest, sizeBytes: size)
    }

    public var json: JSONValue {
        ["mediaType": .string(mediaType), "digest": .string(digest.description), "size": .unsigned(sizeBytes)]
    }
}

/// The media types that Holdfast writes and understands.
public enum MediaType {
    public static let ociIndex = "application/vnd.oci.image.index.v1+json"
    public static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    public static let ociConfiguration = "application/vnd.oci.image.config.v1+json"
    public static let ociLayer = "application/vnd.oci.image.layer.v1.tar"
    public static let ociLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let ociLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"
    public static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerConfiguration = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"
    public static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"

    public static func isIndex(_ text: String) -> Bool { text == ociIndex || text == dockerIndex }
    public static func isManifest(_ text: String) -> Bool { text == ociManifest || text == dockerManifest }
}

/// What an image consists of: its configuration and its layers, lowest first.
public struct ImageManifest: Hashable, Sendable {
    public let mediaType: String
    public let configuration: ContentDescriptor
    public let layers: [ContentDescriptor]

    /// The most layers that overlayfs stacks (`OVL_MAX_STACK`).
    public static let layerLimit = 500
    /// The largest manifest, index or configuration that is read; registries refuse more than 4 MiB.
    public static let limitBytes = 8 << 20

    public init(mediaType: String, configuration: ContentDescriptor, layers: [ContentDescriptor]) {
        self.mediaType = mediaType
        self.configuration = configuration
        self.layers = layers
    }

    /// - Throws: ``StorageError/Code/damaged`` if it is not a manifest of an image; ``StorageError/Code/limitExceeded`` for
    ///   more layers than can be mounted.
    public init(_ json: JSONValue, of object: String) throws(StorageError) {
        guard json["schemaVersion"]?.count == 2, let configuration = json["config"],
            let layers = json["layers"]?.elements
        else {
            throw StorageError(
                .damaged, object: object, "\(object) is not a manifest of schema version 2",
                hint: "images of schema version 1 must be pushed or saved anew by a current engine")
        }
        guard layers.count <= Self.layerLimit else {
            throw StorageError(
                .limitExceeded, object: object,
                "\(object) has \(layers.count) layers, \(Self.layerLimit) is the most that overlayfs stacks",
                hint: "squash the image, or build it with fewer steps")
        }
        var descriptors: [ContentDescriptor] = []
        for layer in layers { descriptors.append(try ContentDescriptor(layer, of: object)) }
        self.init(
            mediaType: json["mediaType"]?.text ?? MediaType.ociManifest,
            configuration: try ContentDescriptor(configuration, of: object), layers: descriptors)
    }

    public var json: JSONValue {
        [
            "schemaVersion": .unsigned(2), "mediaType": .string(mediaType), "config": configuration.json,
            "layers": .array(layers.map(\.json)),
        ]
    }
}

/// A list of manifests for different platforms, or of different images.
public struct ImageIndex: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let descriptor: ContentDescriptor
        /// `nil` where the index does not say.
        public let platform: Platform?
        public let annotations: [String: String]
    }

    public let entries: [Entry]

    /// `"manifests": null`, which some engines wrote, is an empty list.
    public init(_ json: JSONValue, of object: String) throws(StorageError) {
        var entries: [Entry] = []
        for element in json["manifests"]?.elements ?? [] {
            var platform: Platform?
            if let found = element["platform"], let os = found["os"]?.text,
                let architecture = found["architecture"]?.text
            {
                platform = Platform(os: os, architecture: architecture, variant: found["variant"]?.text)
            }
            entries.append(
                Entry(
                    descriptor: try ContentDescriptor(element, of: object), platform: platform,
                    annotations: (element["annotations"]?.members ?? [:]).compactMapValues(\.text)))
        }
        self.entries = entries
    }

    /// The first entry for the platform, else the first that does not say for which it is; never an attestation.
    public func entry(for platform: Platform) -> Entry? {
        let images = entries.filter { $0.annotations["vnd.docker.reference.type"] == nil }
        return images.first { $0.platform.map { platform.accepts($0) } ?? false } ?? images.first { $0.platform == nil }
    }
}
