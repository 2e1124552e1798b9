/// A volume of another engine, as that engine describes it.
public struct EngineVolume: Hashable, Sendable {
    public let reference: EngineVolumeReference
    public let driver: String
    public let labels: [String: String]
    public let options: [String: String]
    /// `nil` where the engine does not say, as for some plugins.
    public let createdAt: Timestamp?
    /// Where its data is while a container uses it, as the engine says; empty if it says nothing.
    public let mountpoint: String
    /// Whether the engine made up the name.
    public let isAnonymous: Bool
    /// Docker's word for whether it exists on one host or in a cluster: `local`, `global`.
    public let scope: String

    public init(
        reference: EngineVolumeReference, driver: String, labels: [String: String], options: [String: String],
        createdAt: Timestamp?, mountpoint: String, isAnonymous: Bool, scope: String
    ) {
        self.reference = reference
        self.driver = driver
        self.labels = labels
        self.options = options
        self.createdAt = createdAt
        self.mountpoint = mountpoint
        self.isAnonymous = isAnonymous
        self.scope = scope
    }

    /// The driver that both engines call `local`: a directory, or something that is mounted on it.
    public static let localDriver = "local"

    /// The volume in the words of the catalog, for filters, tables and archives. Its time is 1970 where there is none.
    public var volume: Volume {
        Volume(
            name: reference.name, driver: driver, createdAt: createdAt ?? Timestamp(seconds: 0), labels: labels,
            options: options, isAnonymous: isAnonymous)
    }
}

/// The volumes of an engine, as far as Holdfast can name them.
public struct EngineVolumeList: Hashable, Sendable {
    /// In the byte order of their names.
    public var volumes: [EngineVolume]
    /// Names, printable, that are no names to Holdfast: plugins may have any.
    public var unnamed: [String]

    public init(volumes: [EngineVolume], unnamed: [String]) {
        self.volumes = volumes
        self.unnamed = unnamed
    }
}

/// A volume of another engine and the containers that refer to it, running or not.
public struct EngineVolumeDetails: Hashable, Sendable {
    public let volume: EngineVolume
    /// The ids of containers, sorted.
    public let references: [String]

    public init(volume: EngineVolume, references: [String]) {
        self.volume = volume
        self.references = references
    }
}
