/// A container as the catalog knows it: a writable layer on an image, and how its process would be started.
public struct Container: Hashable, Sendable {
    public let id: ContainerID
    public let name: ContainerName
    /// The image's id.
    public let image: Digest
    /// The image as the user named it.
    public let imageName: String
    public let createdAt: Timestamp
    public let settings: ContainerSettings
    /// In the order in which they are performed.
    public let mounts: [ContainerMount]

    public init(
        id: ContainerID, name: ContainerName, image: Digest, imageName: String, createdAt: Timestamp,
        settings: ContainerSettings, mounts: [ContainerMount] = []
    ) {
        self.id = id
        self.name = name
        self.image = image
        self.imageName = imageName
        self.createdAt = createdAt
        self.settings = settings
        self.mounts = mounts
    }
}

/// How a container's process is started, as far as it differs from what its image says.
public struct ContainerSettings: Hashable, Sendable, Codable {
    /// `NAME|UID[:GROUP|GID]`; empty for the image's.
    public var user: String
    /// Supplementary groups, names or numbers.
    public var groups: [String]
    /// Empty for the image's.
    public var workingDirectory: String
    /// `nil` for the image's.
    public var entrypoint: [String]?
    /// Empty for the image's.
    public var command: [String]
    /// `KEY=VALUE`, in addition to the image's; a bare `KEY` takes one away.
    public var environment: [String]
    public var isReadOnly: Bool
    /// Whether the container is removed when its process ends.
    public var isAutoRemoved: Bool
    /// The ids of the container's user namespace, as ``IdentityMapping`` writes them; `nil` for none.
    public var identityMapping: String?

    public init(
        user: String = "", groups: [String] = [], workingDirectory: String = "", entrypoint: [String]? = nil,
        command: [String] = [], environment: [String] = [], isReadOnly: Bool = false, isAutoRemoved: Bool = false,
        identityMapping: IdentityMapping? = nil
    ) {
        self.user = user
        self.groups = groups
        self.workingDirectory = workingDirectory
        self.entrypoint = entrypoint
        self.command = command
        self.environment = environment
        self.isReadOnly = isReadOnly
        self.isAutoRemoved = isAutoRemoved
        self.identityMapping = identityMapping?.description
    }
}
