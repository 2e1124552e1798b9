/// What one scan of one source found.
public struct UsageReport: Sendable {
    public let source: SourceReference
    public var totals: UsageTotals
    /// The allocated bytes of inodes that other sources of the same command have names of too.
    public var sharedBytes: UInt64
    /// When the scan began.
    public let scannedAt: Timestamp
    public var seconds: Double
    /// Whether it was stopped before its end: the figures are lower bounds.
    public var isPartial: Bool
    /// Every entry, where more than totals was asked for.
    public var tree: UsageTree?

    public init(
        source: SourceReference, totals: UsageTotals, sharedBytes: UInt64 = 0, scannedAt: Timestamp, seconds: Double,
        isPartial: Bool = false, tree: UsageTree? = nil
    ) {
        self.source = source
        self.totals = totals
        self.sharedBytes = sharedBytes
        self.scannedAt = scannedAt
        self.seconds = seconds
        self.isPartial = isPartial
        self.tree = tree
    }

    /// Whether the figures may be too small, which is shown as `≥`.
    public var isLowerBound: Bool { isPartial || totals.errors > 0 }
}
