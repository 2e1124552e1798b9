/// Which mounts are to be checked, and for whom.
public struct MountCheckRequest: Hashable, Sendable {
    public var mounts: MountRequest
    /// `NAME|UID[:GROUP|GID]`; `nil` for the image's user, and without an image for root.
    public var user: String?
    /// Further groups, names or numbers.
    public var groups: [String]
    /// The ids of the container's user namespace.
    public var mapping: IdentityMapping?
    /// Of user 0.
    public var capabilities: MountSubject.Capabilities
    /// The image in which names are looked up, and that has something at the destinations.
    public var image: String?
    public var isRootless: Bool
    /// A policy in place of the store's.
    public var policyPath: String?

    public init(
        mounts: MountRequest, user: String? = nil, groups: [String] = [], mapping: IdentityMapping? = nil,
        capabilities: MountSubject.Capabilities = .containerDefault, image: String? = nil, isRootless: Bool = false,
        policyPath: String? = nil
    ) {
        self.mounts = mounts
        self.user = user
        self.groups = groups
        self.mapping = mapping
        self.capabilities = capabilities
        self.image = image
        self.isRootless = isRootless
        self.policyPath = policyPath
    }
}
