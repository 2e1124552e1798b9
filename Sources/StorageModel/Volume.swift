/// A volume as the catalog knows it.
public struct Volume: Hashable, Sendable {
    public let name: VolumeName
    public let driver: String
    public let createdAt: Timestamp
    public let labels: [String: String]
    public let options: [String: String]
    /// Whether Holdfast made up the name: anonymous volumes go with the container that asked for them.
    public let isAnonymous: Bool
    /// Whether `rm` and `prune` refuse it.
    public let isProtected: Bool
    /// What it was filled from; `nil` if it never was.
    public let population: VolumePopulation?
    /// When a container last had it; `nil` if none ever did.
    public let lastMountedAt: Timestamp?

    public init(
        name: VolumeName, driver: String = "local", createdAt: Timestamp, labels: [String: String] = [:],
        options: [String: String] = [:], isAnonymous: Bool = false, isProtected: Bool = false,
        population: VolumePopulation? = nil, lastMountedAt: Timestamp? = nil
    ) {
        self.name = name
        self.driver = driver
        self.createdAt = createdAt
        self.labels = labels
        self.options = options
        self.isAnonymous = isAnonymous
        self.isProtected = isProtected
        self.population = population
        self.lastMountedAt = lastMountedAt
    }

    /// The volume with what it was filled from.
    public func populated(by population: VolumePopulation?) -> Volume {
        Volume(
            name: name, driver: driver, createdAt: createdAt, labels: labels, options: options,
            isAnonymous: isAnonymous, isProtected: isProtected, population: population, lastMountedAt: lastMountedAt)
    }
}
