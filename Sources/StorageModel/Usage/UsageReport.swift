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
    /// Whether it is an earlier scan, out of the history.
    public var isRemembered = false
    /// The file system that holds the source; `nil` if it was not asked.
    public var room: FileSystemRoom?
    /// Every entry, where more than totals was asked for.
    public var tree: UsageTree?
    /// Which ids are which in the containers of the source's engine; `nil` if they are the same, or nothing tells.
    public var owners: IdentityMapping?
    /// What could not be read, and why: the first of ``UsageTotals/errors``.
    public var unreadable: [EntryNotice] = []
    /// How far its blocks are those of other files too, where that was asked for.
    public var extents: ExtentUsage?

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

/// What all sources of one command take together: what several of them have, once.
public struct UsageSum: Hashable, Sendable {
    public var totals = UsageTotals()
    public var isPartial = false

    public init() {}

    public var isLowerBound: Bool { isPartial || totals.errors > 0 }
}

/// How the extents of a source's files are shared (reflinks), by what the file system says of them (FIEMAP).
///
/// Lengths are those of the data: of compressed extents they are larger than what lies on disk.
public struct ExtentUsage: Hashable, Sendable {
    /// Bytes of extents that no other file has: removing the source frees them.
    public var exclusiveBytes: UInt64
    /// Bytes of extents that several files have, inside or outside of the source, each once.
    public var sharedBytes: UInt64
    /// Those of ``sharedBytes`` that other sources of the same command have too.
    public var betweenSourcesBytes: UInt64
    /// Whether some extents are compressed or encrypted by the file system.
    public var isEncoded: Bool

    public init(exclusiveBytes: UInt64, sharedBytes: UInt64, betweenSourcesBytes: UInt64 = 0, isEncoded: Bool = false) {
        self.exclusiveBytes = exclusiveBytes
        self.sharedBytes = sharedBytes
        self.betweenSourcesBytes = betweenSourcesBytes
        self.isEncoded = isEncoded
    }
}
