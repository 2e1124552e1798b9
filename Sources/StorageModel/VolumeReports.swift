/// What `volume prune` did, or would do, with each volume that it was to look at.
public struct VolumePruneReport: Hashable, Sendable {
    /// One volume, and why it went or stayed.
    public struct Entry: Hashable, Sendable {
        public let volume: Volume
        public let outcome: Outcome
        /// A phrase: `anonymous, and no container refers to it`.
        public let reason: String
        /// What it takes; `nil` where that was not measured.
        public let allocatedBytes: UInt64?

        public init(volume: Volume, outcome: Outcome, reason: String, allocatedBytes: UInt64? = nil) {
            self.volume = volume
            self.outcome = outcome
            self.reason = reason
            self.allocatedBytes = allocatedBytes
        }
    }

    public enum Outcome: String, Hashable, Sendable {
        case removed
        case kept
        /// It should have gone, and could not.
        case failed
    }

    /// In the order of the names.
    public var entries: [Entry] = []

    public init() {}

    /// The allocated bytes of what went.
    public var reclaimedBytes: UInt64 {
        entries.reduce(0) { $0 + ($1.outcome == .removed ? $1.allocatedBytes ?? 0 : 0) }
    }
}

/// Which volume `volume clone` copies, and what the copy is called.
public struct VolumeCloneRequest: Hashable, Sendable {
    public var source: VolumeName
    public var name: VolumeName
    /// In addition to the source's, and in place of those of the same key.
    public var labels: [String: String]
    /// Whether the clone is on disk before success is reported.
    public var isDurable: Bool

    public init(source: VolumeName, name: VolumeName, labels: [String: String] = [:], isDurable: Bool = true) {
        self.source = source
        self.name = name
        self.labels = labels
        self.isDurable = isDurable
    }
}

/// What `volume clone` did.
public struct VolumeCloneReport: Hashable, Sendable {
    public let volume: Volume
    public let entries: UInt64
    /// The size of files whose content was written again; hard links once.
    public let copiedBytes: UInt64
    /// Files that share their blocks with the source's.
    public let reflinkedFiles: UInt64
    /// Files that were written while they were copied.
    public let changed: [EntryNotice]
    /// What could not be copied as it is.
    public let skipped: [EntryNotice]

    public init(
        volume: Volume, entries: UInt64, copiedBytes: UInt64, reflinkedFiles: UInt64, changed: [EntryNotice],
        skipped: [EntryNotice]
    ) {
        self.volume = volume
        self.entries = entries
        self.copiedBytes = copiedBytes
        self.reflinkedFiles = reflinkedFiles
        self.changed = changed
        self.skipped = skipped
    }

    /// Whether the exit status is 3.
    public var hasWarnings: Bool { !changed.isEmpty || !skipped.isEmpty }
}
