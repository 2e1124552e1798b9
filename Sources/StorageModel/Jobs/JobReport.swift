/// What became of a run of a job, of a source, of a copy.
public enum JobOutcome: String, Hashable, Sendable, CaseIterable {
    case success
    /// Done, and something is worth a look.
    case warning
    case failure

    /// The worse of two.
    public func combined(with other: JobOutcome) -> JobOutcome {
        [.failure, .warning].first { $0 == self || $0 == other } ?? .success
    }
}

/// What one run of a job did.
public struct JobReport: Hashable, Sendable {
    public var job: JobName
    public var startedAt: Timestamp
    public var seconds = 0.0
    public var sources: [JobSourceReport] = []
    /// What went wrong with the run as a whole, one sentence each.
    public var errors: [String] = []
    /// What else should be known of the run as a whole.
    public var warnings: [String] = []
    /// How many archives were removed because the policy does not keep them, and their sizes.
    public var removedArchives: UInt64 = 0
    public var freedBytes: UInt64 = 0
    /// How many archives were checked, and how many of them are not whole.
    public var scrubbedArchives: UInt64 = 0
    public var damagedArchives: UInt64 = 0
    /// What destinations got that lacked archives of earlier runs.
    public var caughtUp: [JobCatchUpReport] = []
    /// Whether somebody stopped it.
    public var isInterrupted = false
    /// Whether it was stopped because it took too long.
    public var hasTimedOut = false

    public init(job: JobName, startedAt: Timestamp) {
        self.job = job
        self.startedAt = startedAt
    }

    public var outcome: JobOutcome {
        if isInterrupted || hasTimedOut || !errors.isEmpty || damagedArchives > 0 { return .failure }
        return sources.reduce(warnings.isEmpty ? .success : .warning) { $0.combined(with: $1.outcomeWithCopies) }
    }

    public var archiveBytes: UInt64 { sources.reduce(0) { $0 + $1.archiveBytes } }
    public var sourceBytes: UInt64 { sources.reduce(0) { $0 + $1.sourceBytes } }
    public var reusedBytes: UInt64 { sources.reduce(0) { $0 + $1.reusedBytes } }
}

/// What a run did to one source.
public struct JobSourceReport: Hashable, Sendable {
    /// As users name it.
    public var source: String
    public var outcome: JobOutcome
    /// Absolute; `nil` if there is none.
    public var archive: String?
    /// Whether ``archive`` is an earlier one, because nothing changed.
    public var isUnchanged = false
    public var entries: UInt64 = 0
    public var sourceBytes: UInt64 = 0
    public var archiveBytes: UInt64 = 0
    public var reusedBytes: UInt64 = 0
    public var seconds = 0.0
    /// One sentence each, the first of very many.
    public var warnings: [String] = []
    /// How many there were.
    public var warningCount: UInt64 = 0
    public var error: String?
    public var copies: [JobCopyReport] = []

    /// So many warnings of a source are kept as text.
    public static let warningLimit = 50

    public init(source: String, outcome: JobOutcome) {
        self.source = source
        self.outcome = outcome
    }

    public init(source: String, error: String) {
        self.init(source: source, outcome: .failure)
        self.error = error
    }

    public var outcomeWithCopies: JobOutcome {
        copies.contains { $0.error != nil } ? .failure : outcome
    }

    /// Adds a warning to the texts. What becomes of the outcome is decided elsewhere.
    public mutating func note(_ text: String) {
        warningCount += 1
        if warnings.count < Self.warningLimit { warnings.append(text) }
    }
}

/// A copy of an archive at a further destination.
public struct JobCopyReport: Hashable, Sendable {
    /// The destination's path.
    public var destination: String
    /// Absolute; `nil` if there is none.
    public var archive: String?
    public var error: String?

    public init(destination: String, archive: String? = nil, error: String? = nil) {
        self.destination = destination
        self.archive = archive
        self.error = error
    }
}

/// Archives of earlier runs that a destination lacked and others had.
public struct JobCatchUpReport: Hashable, Sendable {
    /// As users name it.
    public var source: String
    /// The destination's path.
    public var destination: String
    /// How many it lacked, of which so many were copied, with the sum of their sizes.
    public var missing: UInt64 = 0
    public var copied: UInt64 = 0
    public var copiedBytes: UInt64 = 0

    public init(source: String, destination: String) {
        (self.source, self.destination) = (source, destination)
    }
}
