/// What `mount plan` says: what would be mounted in a container, in which order and why.
public struct MountPlanReport: Hashable, Sendable {
    /// In the order in which they would be performed.
    public var mounts: [MountPlanEntry]
    /// What other containers have and this one would not get.
    public var omitted: [OmittedMountReport]

    public init(mounts: [MountPlanEntry], omitted: [OmittedMountReport] = []) {
        self.mounts = mounts
        self.omitted = omitted
    }
}

/// One mount of a plan, with what is there of it now.
public struct MountPlanEntry: Hashable, Sendable {
    /// What the host has of the source.
    public enum SourceState: String, Hashable, Sendable {
        case exists
        /// It would be made: a volume, or a directory for `-v`.
        case created
        /// It is not there and nothing makes it: the mount would fail.
        case missing
    }

    public let details: MountDetails
    public let state: SourceState
    /// Where the source of a bind really is, with all links resolved.
    public let resolvedSource: String?
    /// The directory of the image that an empty volume would be filled from, with all links resolved.
    public let populatedFrom: ContainerPath?
    /// Who asked for it, in words.
    public let origin: String
    /// Who asked for it, what it takes the place of, and what it must wait for.
    public let reason: String

    public init(
        details: MountDetails, state: SourceState, resolvedSource: String? = nil, populatedFrom: ContainerPath? = nil,
        origin: String, reason: String
    ) {
        self.details = details
        self.state = state
        self.resolvedSource = resolvedSource
        self.populatedFrom = populatedFrom
        self.origin = origin
        self.reason = reason
    }
}

/// A mount of another container that is not taken over.
public struct OmittedMountReport: Hashable, Sendable {
    public let destination: ContainerPath
    /// Whose it is, in words.
    public let origin: String
    public let reason: String

    public init(destination: ContainerPath, origin: String, reason: String) {
        self.destination = destination
        self.origin = origin
        self.reason = reason
    }
}
