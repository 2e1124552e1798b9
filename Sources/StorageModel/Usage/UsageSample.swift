/// What one scan of one source found, as the history keeps it.
public struct UsageSample: Hashable, Sendable {
    /// When the scan began.
    public let scannedAt: Timestamp
    public let totals: UsageTotals
    /// Whether the scan was stopped before its end.
    public let isPartial: Bool
    /// The file system that held the source then; `nil` if it could not be asked.
    public let space: FileSystemRoom?
    /// Whether the clock was wrong when it was recorded, before or after: its time is later than now, or does not fit to the
    /// order in which the samples were recorded. Trends leave it out.
    public var isOutOfOrder: Bool

    public init(
        scannedAt: Timestamp, totals: UsageTotals, isPartial: Bool = false, space: FileSystemRoom? = nil,
        isOutOfOrder: Bool = false
    ) {
        self.scannedAt = scannedAt
        self.totals = totals
        self.isPartial = isPartial
        self.space = space
        self.isOutOfOrder = isOutOfOrder
    }

    /// The sample that a scan is worth.
    public init(_ report: UsageReport) {
        self.init(
            scannedAt: report.scannedAt, totals: report.totals, isPartial: report.isPartial, space: report.room)
    }

    /// Whether the figures may be too small, which is shown as `≥`.
    public var isLowerBound: Bool { isPartial || totals.errors > 0 }
}

/// The samples of one source, the oldest first, and what follows from them.
public struct UsageSeries: Sendable {
    public let source: SourceReference
    /// In the order of their times.
    public let samples: [UsageSample]
    /// Of the source's allocated bytes.
    public let trend: UsageTrend
    /// Of the used bytes of the file system, to which everything on it contributes.
    public let fileSystemTrend: UsageTrend

    public init(source: SourceReference, samples: [UsageSample], trend: UsageTrend, fileSystemTrend: UsageTrend) {
        self.source = source
        self.samples = samples
        self.trend = trend
        self.fileSystemTrend = fileSystemTrend
    }

    public var last: UsageSample? { samples.last { !$0.isOutOfOrder } ?? samples.last }
}
