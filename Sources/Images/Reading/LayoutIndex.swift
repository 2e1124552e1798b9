internal import Archive
internal import StorageModel

/// The `index.json` of an OCI image layout: manifests, or indexes of manifests for several platforms, with names as
/// annotations (OCI image specification, "Image Layout" and "Image Index").
///
/// Archives of some engines list platforms whose blobs they do not hold; an image is taken from what is there.
struct LayoutIndex {
    private let blobs: ImageBlobs
    private let index: ImageIndex

    static let indexName = "index.json"
    private static let markerName = "oci-layout"
    /// - Returns: `nil` if there is no `index.json`.
    /// - Throws: ``StorageError/Code/tooNew`` for a layout of a later major version.
    init?(_ blobs: ImageBlobs) throws(StorageError) {
        guard let json = try blobs.document(named: Self.indexName) else { return nil }
        if let version = try blobs.document(named: Self.markerName)?["imageLayoutVersion"]?.text,
            !version.hasPrefix("1.")
        {
            throw StorageError(
                .tooNew, object: blobs.archive,
                "\(blobs.archive) is an OCI layout of version \(version.printable(limit: 40)), 1 is understood")
        }
        index = try ImageIndex(json, of: "\(Self.indexName) of \(blobs.archive)")
        self.blobs = blobs
    }

    // MARK: Images

    /// - Parameter platform: `nil` for this machine's where there is a choice, else whatever is there.
    /// - Returns: one image for each name; none if none is for the platform.
    func images(for platform: Platform?) throws(StorageError) -> [LoadableImage] {
        var images: [LoadableImage] = []
        var known: [Digest: LoadableImage] = [:]
        var choice = PlatformChoice(blobs, platform)
        for group in groups() {
            guard let chosen = try choice.manifest(of: group, owner: "\(Self.indexName) of \(blobs.archive)"),
                !chosen.manifest.isArtifact
            else { continue }
            var image: LoadableImage
            if let found = known[chosen.digest] {
                image = found
            } else {
                image = try blobs.image(chosen)
                known[chosen.digest] = image
            }
            image.names = group.first?.names ?? []
            images.append(image)
        }
        return images
    }

    /// The layers of an image that is known by its configuration; `nil` if no manifest refers to that.
    func layers(of configuration: ImageConfiguration, id: Digest) throws(StorageError) -> [LayerBlob]? {
        var choice = PlatformChoice(blobs, configuration.platform)
        for entry in index.entries {
            guard let chosen = try choice.manifest(of: [entry], owner: "\(Self.indexName) of \(blobs.archive)"),
                chosen.manifest.configuration.digest == id
            else { continue }
            return try blobs.layers(chosen, configuration)
        }
        return nil
    }

    // MARK: Groups

    /// The entries, those together that are one image for several platforms: entries of the same name, or nameless ones
    /// that are all for different platforms.
    private func groups() -> [[ImageIndex.Entry]] {
        var named: [String: Int] = [:]
        var groups: [[ImageIndex.Entry]] = []
        var nameless: [ImageIndex.Entry] = []
        for entry in index.entries where !entry.isAttestation {
            guard let key = entry.nameKey else {
                nameless.append(entry)
                continue
            }
            if let position = named[key] {
                groups[position].append(entry)
            } else {
                named[key] = groups.count
                groups.append([entry])
            }
        }
        let platforms = nameless.compactMap(\.platform)
        let isOneImage = platforms.count == nameless.count && Set(platforms).count == platforms.count
        return groups + (isOneImage && !nameless.isEmpty ? [nameless] : nameless.map { [$0] })
    }
}

extension ImageIndex.Entry {
    private static let nameAnnotations = ["io.containerd.image.name", "org.opencontainers.image.ref.name"]

    /// What the annotations call it, uninterpreted; `nil` for nothing.
    fileprivate var nameKey: String? {
        let texts = Self.nameAnnotations.map { annotations[$0] ?? "" }
        return texts.allSatisfy(\.isEmpty) ? nil : texts.joined(separator: "\n")
    }

    /// The names that the annotations are: full references with a tag. A bare tag names nothing, and what is no reference is
    /// some other tool's label.
    fileprivate var names: [ImageReference] {
        var names: [ImageReference] = []
        for text in Self.nameAnnotations.compactMap({ annotations[$0] }) {
            guard text.contains("/") || text.contains(":"), !text.contains("@"),
                let name = try? ImageReference(text), !names.contains(name)
            else { continue }
            names.append(name)
        }
        return names
    }

    /// Statements about an image, which engines put beside it for a platform that does not exist.
    var isAttestation: Bool {
        annotations["vnd.docker.reference.type"] != nil || platform?.architecture == "unknown"
    }
}
