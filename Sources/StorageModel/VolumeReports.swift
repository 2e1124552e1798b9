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
