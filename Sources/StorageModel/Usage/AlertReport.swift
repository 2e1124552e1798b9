/// The state of a check, as Nagios counts it: the raw value is the exit status.
public enum AlertState: Int32, Hashable, Sendable, Comparable, CaseIterable {
    case good = 0
    case warning = 1
    case critical = 2
    case unknown = 3

    public var word: String {
        switch self {
        case .good: "OK"
        case .warning: "WARNING"
        case .critical: "CRITICAL"
        case .unknown: "UNKNOWN"
        }
    }

    /// By what counts more when several checks are one: what is critical, then what is not known, then warnings.
    public static func < (left: AlertState, right: AlertState) -> Bool { left.weight < right.weight }

    private var weight: Int {
        switch self {
        case .good: 0
        case .warning: 1
        case .unknown: 2
        case .critical: 3
        }
    }
}

/// A threshold for a warning and one for what is critical.
public struct AlertThreshold: Hashable, Sendable {
    public var warning: AlertRange?
    public var critical: AlertRange?

    public init(warning: AlertRange? = nil, critical: AlertRange? = nil) {
        self.warning = warning
        self.critical = critical
    }

    public var isEmpty: Bool { warning == nil && critical == nil }

    public func state(of value: Double) -> AlertState {
        if critical?.alerts(value) == true { return .critical }
        return warning?.alerts(value) == true ? .warning : .good
    }
}

/// What is looked at.
public struct AlertRules: Hashable, Sendable {
    /// Of the file system that holds the source, in per cent of what can be used.
    public var usedPercent = AlertThreshold()
    /// The same in bytes.
    public var usedBytes = AlertThreshold()
    public var daysLeft = AlertThreshold()
    public var growthBytesPerDay = AlertThreshold()
    public var backupAgeSeconds = AlertThreshold()

    public init() {}

    public var isEmpty: Bool {
        [usedPercent, usedBytes, daysLeft, growthBytesPerDay, backupAgeSeconds].allSatisfy(\.isEmpty)
    }
}

/// One thing that was looked at.
public struct AlertCheck: Hashable, Sendable {
    public enum Subject: String, Hashable, Sendable {
        case usedPercent, usedBytes, daysLeft, growthBytesPerDay, backupAgeSeconds
        /// The source itself, which could not be looked at.
        case source
    }

    public let subject: Subject
    public let state: AlertState
    /// `nil` if it is not known.
    public let value: Double?
    public let threshold: AlertThreshold
    /// A sentence without a full stop.
    public let text: String

    public init(subject: Subject, state: AlertState, value: Double?, threshold: AlertThreshold, text: String) {
        self.subject = subject
        self.state = state
        self.value = value
        self.threshold = threshold
        self.text = text
    }
}

/// What was found out about one source.
public struct SourceAlerts: Sendable {
    public let source: SourceReference
    /// `nil` if it could not be measured.
    public let sample: UsageSample?
    public let checks: [AlertCheck]

    public init(source: SourceReference, sample: UsageSample?, checks: [AlertCheck]) {
        self.source = source
        self.sample = sample
        self.checks = checks
    }

    public var state: AlertState { checks.map(\.state).max() ?? .good }
}
