/// Who wants to use a mount: a container's process, in numbers of the container.
public struct MountSubject: Hashable, Sendable {
    /// The capabilities(7) that let a process pass over permission bits. They are in force for user 0 only, as in a container
    /// of Docker's or of ours.
    public struct Capabilities: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `CAP_DAC_OVERRIDE`: everything but executing what has no execute bit.
        public static let overrideAll = Capabilities(rawValue: 1)
        /// `CAP_DAC_READ_SEARCH`: reading files, listing and passing directories.
        public static let overrideReading = Capabilities(rawValue: 2)

        /// What a container has unless told otherwise.
        public static let containerDefault: Capabilities = .overrideAll
    }

    public var uid: UInt32
    public var gid: UInt32
    /// Without the primary one.
    public var supplementaryGroups: [UInt32]
    /// The ids of the container's user namespace; `nil` for the host's own.
    public var mapping: IdentityMapping?
    public var capabilities: Capabilities
    /// Whether the mount is made without root's rights: then the way to the source must be open to the user.
    public var isRootless: Bool

    public init(
        uid: UInt32, gid: UInt32 = 0, supplementaryGroups: [UInt32] = [], mapping: IdentityMapping? = nil,
        capabilities: Capabilities = .containerDefault, isRootless: Bool = false
    ) {
        self.uid = uid
        self.gid = gid
        self.supplementaryGroups = supplementaryGroups
        self.mapping = mapping
        self.capabilities = capabilities
        self.isRootless = isRootless
    }
}
