/// A committed layer: an immutable tree that overlayfs stacks, known by what it is and what it lies on.
public struct Layer: Hashable, Sendable {
    /// The digest of the layer with everything below it (OCI image specification, "Layer ChainID"); the layer's identity.
    public let chainID: Digest
    /// The digest of the layer's uncompressed tar.
    public let diffID: Digest
    /// The chain id of the layer below; `nil` for a lowest one.
    public let parent: Digest?
    /// The sizes of its files, counted at commit.
    public let apparentBytes: UInt64
    /// What the tree takes on disk, as `du` counts, measured at commit.
    public let allocatedBytes: UInt64
    /// Files, directories, links and whiteouts beneath the root, which is not counted.
    public let entries: UInt64
    /// The size of the uncompressed tar.
    public let tarBytes: UInt64
    public let createdAt: Timestamp

    public init(
        chainID: Digest, diffID: Digest, parent: Digest?, apparentBytes: UInt64, allocatedBytes: UInt64,
        entries: UInt64,
        tarBytes: UInt64, createdAt: Timestamp
    ) {
        self.chainID = chainID
        self.diffID = diffID
        self.parent = parent
        self.apparentBytes = apparentBytes
        self.allocatedBytes = allocatedBytes
        self.entries = entries
        self.tarBytes = tarBytes
        self.createdAt = createdAt
    }
}

/// An image as the catalog knows it.
public struct Image: Hashable, Sendable {
    /// The digest of its configuration: the image's id.
    public let id: Digest
    /// The chain id of its uppermost layer; `nil` for an image without layers.
    public let topLayer: Digest?
    /// When it came into the store.
    public let loadedAt: Timestamp
    /// In the order of their canonical names.
    public let tags: [ImageReference]
    /// The digests of manifests under which registries know it: `name@sha256:…`.
    public let repositoryDigests: [ImageReference]

    public init(
        id: Digest, topLayer: Digest?, loadedAt: Timestamp, tags: [ImageReference] = [],
        repositoryDigests: [ImageReference] = []
    ) {
        self.id = id
        self.topLayer = topLayer
        self.loadedAt = loadedAt
        self.tags = tags
        self.repositoryDigests = repositoryDigests
    }
}
