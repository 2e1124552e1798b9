/// What something of the store took when it was measured.
public struct MeasuredSize: Hashable, Sendable {
    /// How it was found out.
    public enum Method: String, Hashable, Sendable {
        /// Every entry was looked at.
        case walk
        /// The file system keeps an account of the project that the directory is (`quotactl(2)`).
        case quota
        /// The file system keeps an account of the subvolume that the directory is (btrfs-quota(5)).
        case group = "qgroup"
    }

    public var totals: UsageTotals
    /// What of it nothing else has, where that is known.
    public var exclusiveBytes: UInt64?
    public let method: Method
    public let measuredAt: Timestamp
    /// Whether an earlier command measured it.
    public var isRemembered: Bool

    public init(totals: UsageTotals, method: Method = .walk, measuredAt: Timestamp, isRemembered: Bool = false) {
        self.totals = totals
        self.method = method
        self.measuredAt = measuredAt
        self.isRemembered = isRemembered
    }

    /// What removing it frees.
    public var freedBytes: UInt64 { exclusiveBytes ?? totals.allocatedBytes }

    /// Whether the figures may be too small, which is shown as `≥`.
    public var isLowerBound: Bool { totals.errors > 0 }

    /// Whether it was measured no longer than `span` before `now`, and not after it: a clock that went back makes nothing new.
    public func isFresh(within span: TimeSpan, at now: Timestamp) -> Bool {
        measuredAt <= now && measuredAt >= now.earlier(by: span)
    }
}

/// Something whose size is remembered.
public enum MeasuredObject: Hashable, Sendable {
    case volume(VolumeName)
    /// Everything that a container has of its own.
    case container(ContainerID)
    /// The changes alone.
    case upper(ContainerID)
}

extension UInt64 {
    /// The sum, or the largest number where there is none: what a catalog says may be anything.
    package func clampedSum(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension Sequence<UInt64> {
    package var clampedSum: UInt64 { reduce(0) { $0.clampedSum($1) } }
}
