/// A backup that runs again and again: what, where to, how, and what happens around it. Read from a job file.
///
/// Holds the names of files with keys, passphrases and tokens, never what is in them.
public struct Job: Hashable, Sendable {
    public var name: JobName
    /// In the order of the file.
    public var sources: [JobSource]
    /// The first that can be used gets the archives, the others copies of them.
    public var destinations: [JobDestination]
    /// zstd level, 1 to 19.
    public var level = 3
    /// Worker threads; `nil` for one per core.
    public var threads: Int?
    public var consistency = ConsistencyMode.none
    public var maxFreezeSeconds = 10
    /// Around the backup of each source.
    public var hooksBefore: [JobHook] = []
    public var hooksAfter: [JobHook] = []
    public var hookTimeoutSeconds = 300
    /// `nil` for archives that everybody can read.
    public var encryption: EncryptionRequest?
    /// Files with secret keys that open the archives before, so that what is unchanged is taken from them.
    public var identityFiles: [String] = []
    public var tags: [String] = []
    public var whenUnchanged = UnchangedBackup.archive
    /// The share of what is unchanged, 0 to 1, that is read again.
    public var rereadShare = 0.0
    public var limits = ResourceLimits()
    public var scrub: JobScrub?
    public var notifications: [JobNotification] = []
    /// Where the metrics of the job go, absolute, ending in `.prom`.
    public var metricsFile: String?
    public var schedule: JobSchedule?
    /// By how much a start on schedule is put off at most, at random.
    public var splaySeconds: Int64 = 0
    /// After how long a run is stopped; `nil` for never.
    public var maxSeconds: Int64?

    public init(name: JobName, sources: [JobSource], destinations: [JobDestination]) {
        self.name = name
        self.sources = sources
        self.destinations = destinations
    }
}

/// What a job backs up.
public enum JobSource: Hashable, Sendable {
    case named(SourceReference)
    /// Every volume that the filter means, when the job runs; of Holdfast itself if no engine is named. The conditions are as
    /// ``VolumeFilter/init(parsing:now:)`` takes them, because some of them count from the time of the run.
    case selected(conditions: [String], of: VolumeEngine?)
}

/// Where the archives of a job go.
public struct JobDestination: Hashable, Sendable {
    /// Absolute.
    public var path: String
    /// Whether it must lie on a file system of its own: not on the one of `/`.
    public var isMounted = false
    /// The name of a file that must lie in it, so that an empty mount point is not taken for it.
    public var marker: String?
    /// What is kept there, in the days of which time zone; `nil` for everything.
    public var retention: JobRetention?

    public static let defaultMarker = ".holdfast-destination"

    public init(path: String) { self.path = path }
}

public struct JobRetention: Hashable, Sendable {
    public var policy: RetentionPolicy
    /// `nil` for each time's own offset from UTC.
    public var zoneName: String?

    public init(policy: RetentionPolicy, zoneName: String? = nil) {
        self.policy = policy
        self.zoneName = zoneName
    }
}

/// A command before or after the backup of each source of a job.
public struct JobHook: Hashable, Sendable {
    /// `[ENGINE:]CONTAINER`, of the source's engine if none is named; `nil` for the host.
    public let container: String?
    public let command: String

    /// - Throws: ``StorageError/Code/invalidInput`` for no command, and for what cannot be the name of a container.
    public init(container: String?, command: String) throws(StorageError) {
        self.container = container
        self.command = command
        _ = try hook(of: nil)
    }

    /// The hook for a source of that engine; `nil` for Holdfast's own.
    public func hook(of engine: VolumeEngine?) throws(StorageError) -> BackupHook {
        guard let container else { return try BackupHook(command: command) }
        return try BackupHook(parsing: "\(container):\(command)", engine: engine)
    }
}

/// How much of a destination's archives is checked after each run.
public struct JobScrub: Hashable, Sendable {
    public var budget: ScrubBudget
    /// The keys for encrypted archives.
    public var identityFiles: [String]

    public init(budget: ScrubBudget, identityFiles: [String] = []) {
        self.budget = budget
        self.identityFiles = identityFiles
    }
}

/// Who is told of a run.
public struct JobNotification: Hashable, Sendable {
    public enum Way: Hashable, Sendable {
        /// What `/bin/sh -c` is given.
        case command(String)
        case webhook(Webhook)
    }

    /// Where a report is posted to. Its path may be a secret, so it is in no message.
    public struct Webhook: Hashable, Sendable {
        public enum Address: Hashable, Sendable {
            case url(String)
            /// A file whose first line is the address.
            case file(String)
        }

        public var address: Address
        /// A file whose first line is sent as `Authorization: Bearer`.
        public var tokenFile: String?
        /// How often it is tried again.
        public var retries = 3

        public init(address: Address) { self.address = address }
    }

    public var way: Way
    /// The outcomes that are told.
    public var outcomes: Set<JobOutcome>
    /// How long one attempt may take.
    public var timeoutSeconds = 30

    public static let retryLimit = 10

    public init(way: Way, outcomes: Set<JobOutcome>) {
        self.way = way
        self.outcomes = outcomes
    }
}

extension JobNotification.Webhook {
    /// Whether a text is an `http` or `https` address without blanks, with a host.
    public static func isAddress(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: { text.lowercased().hasPrefix($0) }) else {
            return false
        }
        let rest = text.dropFirst(scheme.count)
        guard let first = rest.first, first != "/", first != ":" else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}
