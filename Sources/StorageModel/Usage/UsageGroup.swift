/// What entries with something in common take together.
public struct UsageGroup: Hashable, Sendable {
    /// What they have in common, as JSON has it.
    public let key: String
    public var allocatedBytes: UInt64 = 0
    public var apparentBytes: UInt64 = 0
    /// Inodes that are not directories.
    public var files: UInt64 = 0
    public var directories: UInt64 = 0

    public init(_ key: String) { self.key = key }

    public mutating func add(_ entry: UsageTree.Entry) {
        let own = entry.ownTotals
        allocatedBytes &+= own.allocatedBytes
        apparentBytes &+= own.apparentBytes
        files &+= own.files
        directories &+= own.directories
    }
}

/// What the entries of a scan are sorted into.
public enum UsageGrouping: String, CaseIterable, Sendable {
    /// By the time since the last change of content, directories left out.
    case age
    case owner
    /// By what a name ends in, and by kind.
    case type
    /// By the power of two that the apparent size is below.
    case size
}
