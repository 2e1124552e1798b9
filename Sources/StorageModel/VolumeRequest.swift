/// What a volume shall be like: what `volume create` takes.
public struct VolumeRequest: Hashable, Sendable {
    /// `nil` for an anonymous volume, whose name is made up: 64 hexadecimal digits.
    public var name: VolumeName?
    public var driver: String
    public var options: [String: String]
    public var labels: [String: String]
    /// Owner and group of the volume's root directory; `nil` for those of the process.
    public var uid: UInt32?
    public var gid: UInt32?
    /// Permission bits of the volume's root directory. Like the owner they do not apply to a volume that exists already.
    public var mode: UInt16
    public var isProtected: Bool
    /// Whether the volume is on disk before success is reported.
    public var isDurable: Bool

    /// The only driver so far: a directory below the store.
    public static let localDriver = "local"
    public static let defaultMode: UInt16 = 0o755

    public init(
        name: VolumeName?, driver: String = VolumeRequest.localDriver, options: [String: String] = [:],
        labels: [String: String] = [:], uid: UInt32? = nil, gid: UInt32? = nil,
        mode: UInt16 = VolumeRequest.defaultMode,
        isProtected: Bool = false, isDurable: Bool = true
    ) {
        self.name = name
        self.driver = driver
        self.options = options
        self.labels = labels
        self.uid = uid
        self.gid = gid
        self.mode = mode
        self.isProtected = isProtected
        self.isDurable = isDurable
    }
}

/// The outcome of a request for a volume.
public struct VolumeCreation: Hashable, Sendable {
    public let volume: Volume
    /// Whether a volume of that name, with the same driver, options and labels, was there before.
    public let existed: Bool

    public init(volume: Volume, existed: Bool) {
        self.volume = volume
        self.existed = existed
    }
}

/// What `volume inspect` says of a volume.
public struct VolumeDetails: Hashable, Sendable {
    public let volume: Volume
    /// The host path of the volume's data.
    public let mountpoint: String
    /// The containers that refer to it.
    public let references: [String]

    public init(volume: Volume, mountpoint: String, references: [String] = []) {
        self.volume = volume
        self.mountpoint = mountpoint
        self.references = references
    }
}
