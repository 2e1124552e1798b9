/// What is different about one path in two archives.
public struct ArchiveChange: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case added, removed, changed
    }

    public let path: EntryPath
    public let kind: Kind
    /// The size in the first and in the second archive; `nil` where the entry is not there.
    public let beforeBytes: UInt64?
    public let afterBytes: UInt64?
    /// What changed, in the words of the command: "content", "mode", "owner", "time", "kind", "target", "device".
    public let differences: [String]

    public init(
        path: EntryPath, kind: Kind, beforeBytes: UInt64?, afterBytes: UInt64?, differences: [String] = []
    ) {
        self.path = path
        self.kind = kind
        self.beforeBytes = beforeBytes
        self.afterBytes = afterBytes
        self.differences = differences
    }
}
