/// An image that came into the store.
public struct LoadedImage: Hashable, Sendable {
    /// The digest of its configuration.
    public let id: Digest
    /// The names that it got.
    public let names: [ImageReference]
    /// Whether the store did not have it before.
    public let isNew: Bool
    public let layers: Int
    /// How many of the layers the store did not have.
    public let newLayers: Int
    /// What could not be made as the layers say, or was left out of the new one.
    public package(set) var notices: [EntryNotice]

    public init(
        id: Digest, names: [ImageReference], isNew: Bool, layers: Int, newLayers: Int, notices: [EntryNotice]
    ) {
        self.id = id
        self.names = names
        self.isNew = isNew
        self.layers = layers
        self.newLayers = newLayers
        self.notices = notices
    }
}

/// One line of `image ls`.
public struct ImageSummary: Hashable, Sendable {
    public let image: Image
    /// As the image says; `nil` if it does not.
    public let createdAt: String?
    public let platform: Platform
    /// What its layers take on disk, shared ones included.
    public let allocatedBytes: UInt64
    /// The names of the containers that are made of it.
    public let containers: [ContainerName]

    public init(
        image: Image, createdAt: String?, platform: Platform, allocatedBytes: UInt64, containers: [ContainerName]
    ) {
        self.image = image
        self.createdAt = createdAt
        self.platform = platform
        self.allocatedBytes = allocatedBytes
        self.containers = containers
    }
}

/// What `image inspect` says.
public struct ImageDetails: Hashable, Sendable {
    public let image: Image
    public let configuration: ImageConfiguration
    /// Lowest first.
    public let layers: [Layer]
    public let containers: [ContainerName]

    public init(image: Image, configuration: ImageConfiguration, layers: [Layer], containers: [ContainerName]) {
        self.image = image
        self.configuration = configuration
        self.layers = layers
        self.containers = containers
    }
}

/// What the removal of images did.
public struct ImageRemoval: Hashable, Sendable {
    public var untagged: [ImageReference] = []
    /// The images that are gone.
    public var images: [Digest] = []
    /// The layers that are gone.
    public var layers: [Digest] = []
    /// What the gone layers took on disk.
    public var reclaimedBytes: UInt64 = 0

    public init() {}
}
