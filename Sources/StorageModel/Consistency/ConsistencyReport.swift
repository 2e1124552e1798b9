/// How the data of an archive was kept still, as the archive records it too.
public enum ConsistencyMethod: String, Hashable, Sendable {
    /// It was read while it could be used.
    case none
    /// Whoever used it was frozen while it was cloned or read.
    case frozen
    /// It was cloned while it was used: every file is as it was at one moment, not all at the same.
    case snapshot
}

/// What a hook did.
public struct HookReport: Hashable, Sendable {
    public let hook: BackupHook
    public let isBefore: Bool
    /// `nil` if it was killed because it took too long.
    public let exitStatus: Int32?
    /// What it printed on both streams; the beginning of it, if that was too much.
    public let output: String
    public let isOutputCut: Bool
    public let seconds: Double

    public init(
        hook: BackupHook, isBefore: Bool, exitStatus: Int32?, output: String, isOutputCut: Bool, seconds: Double
    ) {
        self.hook = hook
        self.isBefore = isBefore
        self.exitStatus = exitStatus
        self.output = output
        self.isOutputCut = isOutputCut
        self.seconds = seconds
    }

    public var hasFailed: Bool { exitStatus != 0 }
}

/// What a backup did so that its files fit together.
public struct ConsistencyReport: Hashable, Sendable {
    public var method = ConsistencyMethod.none
    /// How long somebody was frozen; 0 if nobody was.
    public var frozenSeconds = 0.0
    /// Who was frozen, for people: `container 'db'`.
    public var frozen: [String] = []
    /// What did not go as it was asked for, one sentence each.
    public var notices: [String] = []
    /// Whether one of the notices is a reason for the exit status 3.
    public var isDegraded = false
    /// Databases whose files may not fit together, by the path of their main file, and why.
    public var likelyInconsistent: [EntryNotice] = []
    public var hooks: [HookReport] = []

    public init() {}

    public var hasWarnings: Bool { isDegraded || hooks.contains(where: \.hasFailed) }
}
