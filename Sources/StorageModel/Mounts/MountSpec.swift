/// One mount of a container, as it was asked for: what, where, and how.
///
/// Made by the grammars of `-v`, `--mount` and `--tmpfs`, from an image's `VOLUME`, or from a compose file; nothing has been
/// looked up on the host yet.
public struct MountSpec: Hashable, Sendable, Codable {
    /// What is mounted.
    public enum Content: Hashable, Sendable, Codable {
        case volume(VolumeMount)
        case bind(BindMount)
        case tmpfs(TmpfsMount)
        case image(ImageMount)
    }

    /// Where in the container; never the root.
    public var destination: ContainerPath
    public var content: Content
    public var isReadOnly: Bool
    /// What the mount forbids beside writing.
    public var restrictions: MountFlags

    public init(
        destination: ContainerPath, content: Content, isReadOnly: Bool = false, restrictions: MountFlags = []
    ) {
        self.destination = destination
        self.content = content
        self.isReadOnly = isReadOnly
        self.restrictions = restrictions
    }

    /// Docker's word for the kind: `volume`, `bind`, `tmpfs`, `image`.
    public var kind: String {
        switch content {
        case .volume: "volume"
        case .bind: "bind"
        case .tmpfs: "tmpfs"
        case .image: "image"
        }
    }

    /// The volume that is mounted; `nil` for another kind, and for an anonymous volume that has no name yet.
    public var volumeName: VolumeName? {
        if case .volume(let mount) = content { mount.name } else { nil }
    }

    /// Whether it is a volume that was asked for without a name.
    public var isAnonymousVolume: Bool {
        if case .volume(let mount) = content { mount.isAnonymous } else { false }
    }
}

/// What a mount forbids, whatever is stored in it.
public struct MountFlags: OptionSet, Hashable, Sendable, Codable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `nosuid`: set-id bits and file capabilities have no effect.
    public static let noSetID = MountFlags(rawValue: 1)
    /// `nodev`: device nodes cannot be opened.
    public static let noDevices = MountFlags(rawValue: 2)
    /// `noexec`
    public static let noExecution = MountFlags(rawValue: 4)
}

/// A volume in a container.
public struct VolumeMount: Hashable, Sendable, Codable {
    /// `nil` for an anonymous volume until it is made.
    public var name: VolumeName?
    /// Whether the container asked for it without a name: then it goes with the container.
    public var isAnonymous: Bool
    /// The part of the volume that is mounted; the root for all of it.
    public var subpath: EntryPath
    /// Whether an empty volume gets what the image has at the destination; owner and mode of the directory it gets in any case.
    public var isPopulated: Bool
    /// How the volume is made if it is missing.
    public var driver: String?
    public var options: [String: String]
    public var labels: [String: String]
    /// Whether a missing volume is made; `nocreate` forbids it.
    public var createsVolume: Bool
    public var access: SourceAccess

    public init(
        name: VolumeName?, isAnonymous: Bool? = nil, subpath: EntryPath = .root, isPopulated: Bool = true,
        driver: String? = nil, options: [String: String] = [:], labels: [String: String] = [:],
        createsVolume: Bool = true, access: SourceAccess = SourceAccess()
    ) {
        self.name = name
        self.isAnonymous = isAnonymous ?? (name == nil)
        self.subpath = subpath
        self.isPopulated = isPopulated
        self.driver = driver
        self.options = options
        self.labels = labels
        self.createsVolume = createsVolume
        self.access = access
    }
}

/// A directory or file of the host in a container.
public struct BindMount: Hashable, Sendable, Codable {
    /// What happens to what is mounted below the source (`bind-recursive`).
    public enum Recursion: String, Hashable, Sendable, Codable {
        /// It comes along; with a read-only mount it is read-only too where the kernel can (Linux 5.12).
        case enabled
        /// It does not come along.
        case disabled
        /// It comes along and stays writable, although the mount is read-only.
        case writable
        /// It comes along read-only, or the mount fails.
        case readOnly = "readonly"
    }

    /// Absolute; links in it are followed on the host.
    public var source: String
    /// Whether a missing source is made, as a directory of root.
    public var createsSource: Bool
    public var propagation: MountPropagation
    public var recursion: Recursion
    public var access: SourceAccess

    public init(
        source: String, createsSource: Bool = false, propagation: MountPropagation = .rprivate,
        recursion: Recursion = .enabled, access: SourceAccess = SourceAccess()
    ) {
        self.source = source
        self.createsSource = createsSource
        self.propagation = propagation
        self.recursion = recursion
        self.access = access
    }
}

/// How mounts made later spread between the host and the container (mount_namespaces(7)).
public enum MountPropagation: String, Hashable, Sendable, Codable, CaseIterable {
    case `private`, rprivate, shared, rshared, slave, rslave, unbindable, runbindable
}

/// Whom the files of a source seem to belong to in the container, and where changes go.
public struct SourceAccess: Hashable, Sendable, Codable {
    /// Which owners the container sees (`bind-idmap`, Podman's `idmap`).
    public enum Identity: Hashable, Sendable, Codable {
        /// Those that the source has; in a user namespace, as the namespace maps them.
        case asStored
        /// The container's user namespace: what belongs to 0 on the host belongs to 0 in the container (`idmap`, `userns`).
        case userNamespace
        /// The owner of the source becomes the container's user, or the user given (`match-user[:USER]`).
        case matchUser(String?)
        /// `INSIDE:OUTSIDE:COUNT`: ids in the container, ids on disk.
        case mapping(uids: String, gids: String)
    }

    /// Changes go to a directory of their own, and the source stays as it is (Podman's `O`).
    public struct Overlay: Hashable, Sendable, Codable {
        /// `nil` for directories that go with the container.
        public var upper: String?
        public var work: String?

        public init(upper: String? = nil, work: String? = nil) {
            self.upper = upper
            self.work = work
        }
    }

    /// Whose SELinux label the source gets, on a system that has SELinux; anywhere else it means nothing.
    public enum Label: String, Hashable, Sendable, Codable {
        /// `z`: that of all containers.
        case shared
        /// `Z`: that of this container alone.
        case `private`
    }

    public var identity: Identity
    public var overlay: Overlay?
    /// Whether everything in the source is given to the container's user at the start (Podman's `U`).
    public var changesOwner: Bool
    /// `nil` leaves the labels of the source as they are.
    public var label: Label?

    public init(
        identity: Identity = .asStored, overlay: Overlay? = nil, changesOwner: Bool = false, label: Label? = nil
    ) {
        self.identity = identity
        self.overlay = overlay
        self.changesOwner = changesOwner
        self.label = label
    }
}

/// Memory as a directory of a container.
public struct TmpfsMount: Hashable, Sendable, Codable {
    /// `nil` for the kernel's default, half of the memory.
    public var sizeBytes: UInt64?
    /// Permission bits of the directory.
    public var mode: UInt16
    public var uid: UInt32?
    public var gid: UInt32?
    /// Further options of tmpfs(5): `nr_inodes=…`, `huge=…`.
    public var options: [String]

    public init(
        sizeBytes: UInt64? = nil, mode: UInt16 = 0o1777, uid: UInt32? = nil, gid: UInt32? = nil,
        options: [String] = []
    ) {
        self.sizeBytes = sizeBytes
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.options = options
    }
}

/// An image's root, read-only, in a container.
public struct ImageMount: Hashable, Sendable, Codable {
    /// As the user named it.
    public var reference: String
    public var subpath: EntryPath

    public init(reference: String, subpath: EntryPath = .root) {
        self.reference = reference
        self.subpath = subpath
    }
}
