internal import Archive
internal import StorageModel

/// The `manifest.json` of `docker save`, which every engine writes and reads: a list of images, each with the paths of its
/// configuration and its layers.
struct DockerLayout {
    private struct Element {
        let configuration: String
        let tags: [String]
        /// Empty where Docker 25.0 left it out.
        let layers: [String]
    }

    private let blobs: ImageBlobs
    private let elements: [Element]

    static let manifestName = "manifest.json"

    /// - Returns: `nil` if there is no `manifest.json`, or one that lists no image or is itself a manifest.
    init?(_ blobs: ImageBlobs) throws(StorageError) {
        guard let json = try blobs.document(named: Self.manifestName), json != .null else { return nil }
        let object = "\(Self.manifestName) of \(blobs.archive)"
        if json["schemaVersion"] != nil { return nil }
        guard let list = json.elements else { throw blobs.damaged("\(object) is not a list of images") }
        var elements: [Element] = []
        for element in list {
            guard let configuration = element["Config"]?.text,
                let tags = (element["RepoTags"] ?? []).texts, let layers = (element["Layers"] ?? []).texts
            else {
                throw blobs.damaged("\(object) has an image without Config, or with names or layers of another form")
            }
            guard layers.count <= ImageManifest.layerLimit else {
                throw StorageError(
                    .limitExceeded, object: blobs.archive,
                    "\(object) has an image of \(layers.count) layers, \(ImageManifest.layerLimit) is the most that overlayfs stacks",
                    hint: "squash the image, or build it with fewer steps")
            }
            elements.append(Element(configuration: configuration, tags: tags, layers: layers))
        }
        if elements.isEmpty { return nil }
        self.blobs = blobs
        self.elements = elements
    }

    /// - Parameter layout: what the same archive says as an OCI layout, for images whose layers are not listed here.
    func images(with layout: LayoutIndex?) throws(StorageError) -> [LoadableImage] {
        var images: [LoadableImage] = []
        for element in elements { images.append(try image(element, layout)) }
        return images
    }

    private func image(_ element: Element, _ layout: LayoutIndex?) throws(StorageError) -> LoadableImage {
        let owner = "\(Self.manifestName) of \(blobs.archive)"
        let blob = try file(element.configuration, of: owner)
        let document = try blob.bytes(limitBytes: ImageManifest.limitBytes)
        let id = ContentHasher.digest(document)
        if let claimed = Self.digest(inName: element.configuration) { try blobs.check(id, is: claimed, blob.name) }
        let configuration = try ImageConfiguration(document: document, of: blob.name)
        var layers: [LayerBlob] = []
        if element.layers.isEmpty, !configuration.diffIDs.isEmpty {
            guard let found = try layout?.layers(of: configuration, id: id) else {
                throw blobs.damaged("\(owner) lists no layers for image \(id)")
            }
            layers = found
        } else {
            layers = try self.layers(element, configuration, owner)
        }
        return LoadableImage(id: id, configuration: configuration, names: try names(element), layers: layers)
    }

    private func layers(
        _ element: Element, _ configuration: ImageConfiguration, _ owner: String
    ) throws(StorageError) -> [LayerBlob] {
        try blobs.checkCounts(layers: element.layers.count, configuration, of: owner)
        var layers: [LayerBlob] = []
        for (path, diffID) in zip(element.layers, configuration.diffIDs) {
            let isBlob = path.hasPrefix("blobs/sha256/")
            layers.append(
                LayerBlob(
                    blob: try file(path, of: owner), digest: isBlob ? Self.digest(inName: path) : nil,
                    mediaType: MediaType.dockerLayer, diffID: diffID))
        }
        return layers
    }

    private func file(_ path: String, of owner: String) throws(StorageError) -> StoredBlob {
        guard let parsed = EntryPath(parsing: path.utf8), !parsed.isRoot else {
            throw blobs.damaged("\(owner) refers to '\(path.printable(limit: 300))', which leads out of the archive")
        }
        guard let blob = try blobs.entries.file(at: parsed) else { throw blobs.missing(parsed, of: owner) }
        return blob
    }

    private func names(_ element: Element) throws(StorageError) -> [ImageReference] {
        var names: [ImageReference] = []
        for tag in element.tags {
            do throws(StorageError) {
                names.append(try ImageReference(tag))
            } catch {
                throw blobs.damaged(
                    "\(Self.manifestName) of \(blobs.archive) has an image of a wrong name: \(error.message)",
                    hint: "tag the image anew and save it again")
            }
        }
        return names
    }

    /// The digest that a path claims in its last component: `<hex>`, `<hex>.json`, or `sha256:<hex>`.
    private static func digest(inName path: String) -> Digest? {
        var name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        if name.hasSuffix(".json") { name = name.dropLast(".json".count) }
        return Digest(parsing: name) ?? Digest(hex: name)
    }
}
