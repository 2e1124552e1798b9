/// What `usage` is to find out.
public struct UsageRequest: Sendable {
    public var sources: [SourceReference]
    /// `nil` for one thread for each core.
    public var threads: Int?
    /// Whether every entry is kept, for all but totals.
    public var recordsTree = false
    /// Whether what is mounted below a source belongs to it.
    public var crossesFileSystems = false
    /// Whether owners are to be shown by their ids in containers too, where an engine tells them.
    public var namesOwners = false
    /// Whether the extents of files are looked at.
    public var readsExtents = false
    /// So many system calls a second at most.
    public var callsPerSecond: Int?
    /// After how many seconds to stop with what there is.
    public var limitSeconds: Double?
    /// Files of at least so many bytes are compared with each other.
    public var duplicatesFromBytes: UInt64?

    public init(sources: [SourceReference]) { self.sources = sources }
}

/// What `usage` found.
public struct UsageRunReport: Sendable {
    /// In the order of the request; without the sources that failed.
    public var reports: [UsageReport] = []
    /// All of them together, what several have once.
    public var sum = UsageSum()
    /// The sources that could not be scanned at all.
    public var failures: [StorageError] = []
    public var duplicates: DuplicateReport?
    /// Whether the user ended it.
    public var isInterrupted = false

    public init() {}
}

/// Files with the same content.
public struct DuplicateReport: Sendable {
    /// One file.
    public struct File: Hashable, Sendable {
        public let source: SourceReference
        public let path: EntryPath

        public init(source: SourceReference, path: EntryPath) {
            self.source = source
            self.path = path
        }
    }

    /// Files that are the same, byte for byte.
    public struct Group: Sendable {
        public let digest: Digest
        /// Of one of them.
        public let sizeBytes: UInt64
        /// By path; those of the first source first.
        public let files: [File]
        /// What sharing the blocks of one copy would free: files that share them already add nothing.
        public let reclaimableBytes: UInt64

        public init(digest: Digest, sizeBytes: UInt64, files: [File], reclaimableBytes: UInt64) {
            self.digest = digest
            self.sizeBytes = sizeBytes
            self.files = files
            self.reclaimableBytes = reclaimableBytes
        }
    }

    /// Those that free the most first.
    public var groups: [Group] = []
    /// Files that could not be read, or that changed meanwhile.
    public var skipped: [EntryNotice] = []
    public var isPartial = false

    public init() {}

    public var reclaimableBytes: UInt64 { groups.reduce(0) { $0 &+ $1.reclaimableBytes } }
}
