/// What `container inspect` and `container ls` say.
public struct ContainerDetails: Hashable, Sendable {
    public let container: Container
    /// The host path of the writable layer.
    public let upperPath: String
    /// Where the container's root is mounted by `container mount`, whether it is or not.
    public let mergedPath: String
    public let isMounted: Bool
    /// What it mounts, in the order in which that is done.
    public let mounts: [MountDetails]

    public init(
        container: Container, upperPath: String, mergedPath: String, isMounted: Bool, mounts: [MountDetails] = []
    ) {
        self.container = container
        self.upperPath = upperPath
        self.mergedPath = mergedPath
        self.isMounted = isMounted
        self.mounts = mounts
    }
}

/// A mount of a container with where it is on the host.
public struct MountDetails: Hashable, Sendable {
    public let mount: ContainerMount
    /// A path of the host: the volume's data with its subpath, the source of a bind; empty for tmpfs, the reference of an
    /// image.
    public let source: String
    /// The volume's driver; `nil` for another kind.
    public let driver: String?

    public init(mount: ContainerMount, source: String, driver: String? = nil) {
        self.mount = mount
        self.source = source
        self.driver = driver
    }
}

/// What the removal of a container took with it.
public struct ContainerRemoval: Hashable, Sendable {
    public let container: Container
    /// The anonymous volumes that went with it, in byte order.
    public var volumes: [VolumeName]
    /// Anonymous volumes that stay, and why.
    public var keptVolumes: [KeptVolume]
    /// What its directory took on disk; `nil` where that was not measured.
    public var reclaimedBytes: UInt64?

    public init(
        container: Container, volumes: [VolumeName] = [], keptVolumes: [KeptVolume] = [], reclaimedBytes: UInt64? = nil
    ) {
        self.container = container
        self.volumes = volumes
        self.keptVolumes = keptVolumes
        self.reclaimedBytes = reclaimedBytes
    }
}

/// A volume that was to be removed and was not.
public struct KeptVolume: Hashable, Sendable {
    public let name: VolumeName
    public let reason: String

    public init(name: VolumeName, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// One entry of `container diff`.
public struct ContainerChange: Hashable, Sendable, Comparable {
    /// In Docker's letters.
    public enum Kind: String, Sendable, Hashable {
        case changed = "C"
        case added = "A"
        case deleted = "D"
    }

    public let kind: Kind
    /// Relative to the container's root.
    public let path: EntryPath

    public init(kind: Kind, path: EntryPath) {
        self.kind = kind
        self.path = path
    }

    public static func < (left: ContainerChange, right: ContainerChange) -> Bool { left.path < right.path }
}

/// What a container shall be like: what `container create` takes.
public struct ContainerRequest: Hashable, Sendable {
    /// The image as the user names it: a name, or the beginning of an id.
    public var image: String
    /// `nil` for a name that is made up.
    public var name: ContainerName?
    public var settings: ContainerSettings
    /// What the flags ask for; what the image declares comes in addition.
    public var mounts: MountRequest
    /// Whether the container is on disk before success is reported.
    public var isDurable: Bool

    public init(
        image: String, name: ContainerName? = nil, settings: ContainerSettings = ContainerSettings(),
        mounts: MountRequest = .none, isDurable: Bool = true
    ) {
        self.image = image
        self.name = name
        self.settings = settings
        self.mounts = mounts
        self.isDurable = isDurable
    }
}
