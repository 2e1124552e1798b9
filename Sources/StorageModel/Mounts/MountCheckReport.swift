/// What `mount check` says.
public enum MountVerdict: String, Hashable, Sendable, CaseIterable, Comparable {
    /// The user can do what the mount is for.
    case allowed
    /// The user can, but something should be known before.
    case warning
    /// The mount fails, or the user cannot use it.
    case denied

    public static func < (left: MountVerdict, right: MountVerdict) -> Bool { left.rank < right.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// One reason of a verdict.
public struct MountFinding: Hashable, Sendable {
    /// What it is about. Scripts rely on the raw values; none is renamed.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // The way to the source.
        case sourceMissing = "source-missing"
        case danglingSymlink = "dangling-symlink"
        case symlinkLoop = "symlink-loop"
        case symlinkNotFollowed = "symlink-not-followed"
        case symlinkEscapes = "symlink-escapes"
        case parentNotDirectory = "parent-not-directory"
        case parentNotSearchable = "parent-not-searchable"
        case cannotInspect = "cannot-inspect"
        // The user and the ids.
        case userNotMapped = "user-not-mapped"
        case groupNotMapped = "group-not-mapped"
        case ownerNotMapped = "owner-not-mapped"
        case userOutsideIdmap = "user-outside-idmap"
        // Permission bits and lists.
        case notReadable = "not-readable"
        case notSearchable = "not-searchable"
        case notWritable = "not-writable"
        // What holds for everybody.
        case readOnlyMount = "read-only-mount"
        case readOnlyFileSystem = "read-only-file-system"
        case noexecMount = "noexec-mount"
        case nodevMount = "nodev-mount"
        case immutable = "immutable"
        case appendOnly = "append-only"
        case rootSquash = "root-squash"
        case selinuxLabel = "selinux-label"
        // What the source is.
        case fileOverDirectory = "file-over-directory"
        case directoryOverFile = "directory-over-file"
        case socketSource = "socket-source"
        case deviceSource = "device-source"
        case fifoSource = "fifo-source"
        case runtimeSocket = "runtime-socket"
        case sensitiveSource = "sensitive-source"
        case storeSource = "store-source"
        // The policy.
        case deniedPrefix = "denied-prefix"
        case outsideAllowedPrefixes = "outside-allowed-prefixes"
        // Volumes.
        case volumeMissing = "volume-missing"
        case volumeNotMounted = "volume-not-mounted"
    }

    public enum Severity: String, Hashable, Sendable {
        case warning
        case denied

        public var verdict: MountVerdict { self == .denied ? .denied : .warning }
    }

    public var code: Code
    public var severity: Severity
    /// The component that it is about, on the host, with links resolved as far as they could be. Not safe for a terminal.
    public var path: String
    /// Which rule says so, what was seen and what is needed.
    public var message: String
    /// What mends it; a command wherever one does.
    public var hint: String?
    /// What else would mend it.
    public var alternatives: [String]

    public init(
        _ code: Code, _ severity: Severity, path: String, _ message: String, hint: String? = nil,
        alternatives: [String] = []
    ) {
        self.code = code
        self.severity = severity
        self.path = path
        self.message = message
        self.hint = hint
        self.alternatives = alternatives
    }
}

/// The verdict on one mount.
public struct MountAssessment: Hashable, Sendable {
    public var mount: MountSpec
    /// Where the source really lies on the host; `nil` if it was not found, or is no place on the host.
    public var sourcePath: String?
    /// In the order in which they were found, the way to the source first.
    public var findings: [MountFinding]

    public init(mount: MountSpec, sourcePath: String? = nil, findings: [MountFinding] = []) {
        self.mount = mount
        self.sourcePath = sourcePath
        self.findings = findings
    }

    public var verdict: MountVerdict { findings.map(\.severity.verdict).max() ?? .allowed }
}

/// The verdict on all mounts of a command.
public struct MountCheckReport: Hashable, Sendable {
    /// Who was asked about, in numbers of the container.
    public var subject: MountSubject
    public var assessments: [MountAssessment]

    public init(subject: MountSubject, assessments: [MountAssessment]) {
        self.subject = subject
        self.assessments = assessments
    }

    /// The worst of the mounts'.
    public var verdict: MountVerdict { assessments.map(\.verdict).max() ?? .allowed }

    public var findings: [MountFinding] { assessments.flatMap(\.findings) }
}
