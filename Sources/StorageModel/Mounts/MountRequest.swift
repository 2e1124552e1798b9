/// All mounts that the flags of one command ask for, in the order of the command line.
public struct MountRequest: Hashable, Sendable {
    public var mounts: [RequestedMount]
    /// Containers whose mounts are taken over, in the order given.
    public var volumesFrom: [InheritedMounts]

    public init(mounts: [RequestedMount] = [], volumesFrom: [InheritedMounts] = []) {
        self.mounts = mounts
        self.volumesFrom = volumesFrom
    }

    public static let none = MountRequest()
}

/// A mount and who asked for it.
public struct RequestedMount: Hashable, Sendable {
    public var spec: MountSpec
    public var origin: MountOrigin

    public init(spec: MountSpec, origin: MountOrigin) {
        self.spec = spec
        self.origin = origin
    }
}

/// `--volumes-from CONTAINER[:ro|rw]`.
public struct InheritedMounts: Hashable, Sendable {
    /// A name, or the beginning of an id.
    public var container: String
    public var isReadOnly: Bool

    public init(container: String, isReadOnly: Bool = false) {
        self.container = container
        self.isReadOnly = isReadOnly
    }
}

/// Who asked for a mount.
public enum MountOrigin: Hashable, Sendable, Codable {
    /// A `VOLUME` of the container's image.
    case image
    /// The name of the container that it was taken over from.
    case volumesFrom(String)
    /// The text of the flag.
    case volumeFlag(String)
    case mountFlag(String)
    case tmpfsFlag(String)
    /// A service of a compose file.
    case compose(String)
}

/// A mount of a container: what is performed when the container is mounted or run, and what `container inspect` shows.
///
/// A container's mounts are in the order in which they are performed: by depth, then by the bytes of the destination.
public struct ContainerMount: Hashable, Sendable, Codable {
    /// A volume has its name here, an image its reference.
    public var spec: MountSpec
    public var origin: MountOrigin
    /// The image of an image mount.
    public var image: Digest?

    public init(spec: MountSpec, origin: MountOrigin, image: Digest? = nil) {
        self.spec = spec
        self.origin = origin
        self.image = image
    }

    /// Whether its volume goes with the container (`rm -v`, `--rm`): it was asked for without a name.
    public var ownsVolume: Bool { spec.isAnonymousVolume }
}
