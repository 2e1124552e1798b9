/// Something a retention policy decides on: a time, and what it was tagged with.
public struct RetentionItem: Hashable, Sendable {
    public let time: ZonedTime
    public let tags: [String]

    public init(time: ZonedTime, tags: [String] = []) {
        self.time = time
        self.tags = tags
    }
}

/// What a policy decided of one item.
public struct RetentionDecision: Hashable, Sendable {
    /// The item's place in the list that was decided on.
    public let index: Int
    public let item: RetentionItem
    /// Why it is kept, as restic words it; empty if it is not.
    public let reasons: [String]

    public init(index: Int, item: RetentionItem, reasons: [String]) {
        self.index = index
        self.item = item
        self.reasons = reasons
    }

    public var isKept: Bool { !reasons.isEmpty }
}

/// Which archives to thin out, and how.
public struct ForgetRequest: Hashable, Sendable {
    public var destination: String
    /// Empty for all.
    public var sources: [SourceReference]
    public var policy: RetentionPolicy
    /// In whose days and months is counted; `nil` for each time's own offset from UTC.
    public var zone: ZoneRules?
    public var now: Timestamp
    /// Whether nothing is removed.
    public var isDryRun: Bool

    public init(
        destination: String, sources: [SourceReference] = [], policy: RetentionPolicy, zone: ZoneRules? = nil,
        now: Timestamp = .now, isDryRun: Bool = false
    ) {
        self.destination = destination
        self.sources = sources
        self.policy = policy
        self.zone = zone
        self.now = now
        self.isDryRun = isDryRun
    }
}

/// What became of the archives of one source.
public struct ForgetGroup: Sendable {
    /// One archive, and why it is kept; without a reason it is removed.
    public struct Archive: Hashable, Sendable {
        /// Absolute.
        public let path: String
        public let time: Timestamp
        public let sizeBytes: UInt64
        public let tags: [String]
        public let reasons: [String]

        public init(path: String, time: Timestamp, sizeBytes: UInt64, tags: [String], reasons: [String]) {
            self.path = path
            self.time = time
            self.sizeBytes = sizeBytes
            self.tags = tags
            self.reasons = reasons
        }
    }

    /// As users name it: `holdfast:pg`.
    public var source: String
    /// The newest first.
    public var keep: [Archive]
    public var remove: [Archive]
    /// What the removed archives occupied, in bytes of their size.
    public var freedBytes: UInt64
    /// Files that look like archives of this source and were left alone, and archives that could not be removed.
    public var notices: [String]
    /// Why nothing at all was removed, where the policy would have removed every archive.
    public var refusal: StorageError?
    /// Whether an archive that should go is still there.
    public var hasFailures: Bool

    public init(source: String) {
        self.source = source
        (keep, remove, notices) = ([], [], [])
        (freedBytes, refusal, hasFailures) = (0, nil, false)
    }
}

/// How old the newest archive of a source is.
public struct SourceFreshness: Hashable, Sendable {
    public enum State: String, Sendable, Hashable {
        /// Young enough, or no limit was given.
        case fresh
        case stale
        /// There is no whole archive.
        case missing
    }

    public let source: String
    /// Absolute.
    public let archive: String?
    public let createdAt: Timestamp?
    public let archiveBytes: UInt64?
    public let ageSeconds: Int64?
    public let state: State

    public init(
        source: String, archive: String? = nil, createdAt: Timestamp? = nil, archiveBytes: UInt64? = nil,
        ageSeconds: Int64? = nil, state: State
    ) {
        self.source = source
        self.archive = archive
        self.createdAt = createdAt
        self.archiveBytes = archiveBytes
        self.ageSeconds = ageSeconds
        self.state = state
    }
}
