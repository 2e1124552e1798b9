/// What grew, shrank, appeared and vanished in a source between an earlier scan and a later one.
public struct UsageDifference: Sendable {
    public let source: SourceReference
    public let before: UsageSample
    public let after: UsageSample
    /// By the size of the change, the largest first; a directory whose change is nearly all that of one directory in it is
    /// left out in favour of that one.
    public let changes: [DirectoryChange]
    /// Directories smaller than this were not recorded then: 0 if all were.
    public let unrecordedBytes: UInt64

    public init(
        source: SourceReference, before: UsageSample, after: UsageSample, changes: [DirectoryChange],
        unrecordedBytes: UInt64
    ) {
        self.source = source
        self.before = before
        self.after = after
        self.changes = changes
        self.unrecordedBytes = unrecordedBytes
    }

    public var isLowerBound: Bool { before.isLowerBound || after.isLowerBound }
}

/// What became of one directory with all that is in it.
public struct DirectoryChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case grew, shrank, appeared, vanished
    }

    public let path: EntryPath
    public let kind: Kind
    /// Allocated bytes, 0 for one that appeared. For one that was too small to be recorded, the most that it can have had.
    public let beforeBytes: UInt64
    public let afterBytes: UInt64
    public let beforeFiles: UInt64
    public let afterFiles: UInt64
    /// Whether the directory was not recorded then: it is new, or was smaller than what was recorded.
    public let isBeforeUnknown: Bool

    public init(
        path: EntryPath, kind: Kind, beforeBytes: UInt64, afterBytes: UInt64, beforeFiles: UInt64, afterFiles: UInt64,
        isBeforeUnknown: Bool = false
    ) {
        self.path = path
        self.kind = kind
        self.beforeBytes = beforeBytes
        self.afterBytes = afterBytes
        self.beforeFiles = beforeFiles
        self.afterFiles = afterFiles
        self.isBeforeUnknown = isBeforeUnknown
    }

    public var changeBytes: Int64 { Int64(clamping: afterBytes) - Int64(clamping: beforeBytes) }
}
