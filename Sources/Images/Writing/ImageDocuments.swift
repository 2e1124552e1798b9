internal import Archive
internal import StorageModel

/// The documents of an archive of images: what makes it at once an OCI layout and the output of `docker save`.
///
/// They depend on nothing but the images: no time, keys and names sorted.
struct ImageDocuments {
    /// Files at the root, by name; then configurations and manifests, by path.
    let files: [(path: String, content: [UInt8])]

    init(_ images: [SavedImage]) {
        var blobs: [String: [UInt8]] = [:]
        var entries: [JSONValue] = []
        var elements: [JSONValue] = []
        for image in images {
            let manifest = Array(image.manifest.json.compactText.utf8)
            let descriptor = ContentDescriptor(
                mediaType: MediaType.ociManifest, digest: ContentHasher.digest(manifest),
                sizeBytes: UInt64(manifest.count))
            blobs[Self.blobPath(image.id)] = image.configuration.document
            blobs[Self.blobPath(descriptor.digest)] = manifest
            entries += Self.entries(descriptor, image.names)
            elements.append(Self.element(image))
        }
        let index: JSONValue = [
            "schemaVersion": .unsigned(2), "mediaType": .string(MediaType.ociIndex), "manifests": .array(entries),
        ]
        let documents: [(path: String, json: JSONValue)] = [
            ("oci-layout", ["imageLayoutVersion": .string("1.0.0")]), ("index.json", index),
            ("manifest.json", .array(elements)), ("repositories", Self.repositories(images)),
        ]
        files =
            documents.map { ($0.path, Array($0.json.compactText.utf8)) }
            + blobs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    static func blobPath(_ digest: Digest) -> String { "blobs/sha256/\(digest.hex)" }

    /// One entry of `index.json` for each name, annotated as containerd does it; one without annotations for an image that
    /// has no name.
    private static func entries(_ descriptor: ContentDescriptor, _ names: [ImageReference]) -> [JSONValue] {
        if names.isEmpty { return [descriptor.json] }
        return names.map { name in
            var members = descriptor.json.members ?? [:]
            var annotations = ["io.containerd.image.name": name.canonical]
            annotations["org.opencontainers.image.ref.name"] = name.tag
            members["annotations"] = .strings(annotations)
            return .object(members)
        }
    }

    /// The image's element of `manifest.json`. Its names are whole: Podman takes a short one for a name of this machine's.
    private static func element(_ image: SavedImage) -> JSONValue {
        [
            "Config": .string(blobPath(image.id)),
            "Layers": .array(image.layers.map { .string(blobPath($0.diffID)) }),
            "RepoTags": image.names.isEmpty ? .null : .array(image.names.map { .string($0.canonical) }),
        ]
    }

    /// What Docker before 1.10 read: for each name and tag the id of the uppermost layer.
    private static func repositories(_ images: [SavedImage]) -> JSONValue {
        var repositories: [String: [String: JSONValue]] = [:]
        for image in images {
            for name in image.names {
                guard let tag = name.tag else { continue }
                let short = String(name.description.dropLast(tag.count + 1))
                repositories[short, default: [:]][tag] = .string((image.layers.last?.diffID ?? image.id).hex)
            }
        }
        return .object(repositories.mapValues { .object($0) })
    }
}
