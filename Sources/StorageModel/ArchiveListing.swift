/// One line of `backup contents`.
public struct ArchiveListing: Hashable, Sendable {
    public let path: EntryPath
    public let kind: EntryKind
    public let sizeBytes: UInt64
    public let metadata: EntryMetadata
    /// The target of a symbolic link as it was written, or the path of a hard link's first name.
    public let linkTarget: [UInt8]?
    /// The content's digest as the archive format defines it: `sha256:…` or, for large files, `sha256-slices:…`.
    public let digest: String?
    /// Whether the file changed while it was read into the archive.
    public let changedDuringRead: Bool

    public init(
        path: EntryPath, kind: EntryKind, sizeBytes: UInt64, metadata: EntryMetadata, linkTarget: [UInt8]?,
        digest: String?, changedDuringRead: Bool
    ) {
        self.path = path
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.metadata = metadata
        self.linkTarget = linkTarget
        self.digest = digest
        self.changedDuringRead = changedDuringRead
    }
}

/// One line of `backup ls`: an archive below a destination.
public struct ArchiveSummary: Hashable, Sendable {
    /// Absolute.
    public let archive: String
    /// As the archive itself says, or if it is closed as its path says; `nil` if neither is known.
    public let source: String?
    public let createdAt: Timestamp?
    public let archiveBytes: UInt64
    public let entries: UInt64?
    public let sourceBytes: UInt64?
    /// "complete", "no-table", "encrypted" (no key that was given opens it) or "unreadable".
    public let state: String
    public var tags: [String] = []

    public init(
        archive: String, source: String?, createdAt: Timestamp?, archiveBytes: UInt64, entries: UInt64?,
        sourceBytes: UInt64?, state: String
    ) {
        self.archive = archive
        self.source = source
        self.createdAt = createdAt
        self.archiveBytes = archiveBytes
        self.entries = entries
        self.sourceBytes = sourceBytes
        self.state = state
    }
}

/// What `backup verify` found.
public struct VerifyReport: Hashable, Sendable {
    /// From best to worst.
    public enum Verdict: String, Sendable, Hashable {
        /// Every byte is as it was written.
        case intact
        /// A readable tar stream, but without the table that would prove it whole: exit status 3.
        case noTable = "no-table"
        /// The file ends early; what is before ``VerifyReport/validBytes`` can be restored: exit status 7.
        case truncated
        /// Some bytes are not what was written: exit status 7.
        case damaged
    }

    public var archive: String
    public var verdict: Verdict
    public var entries: UInt64
    public var frames: UInt64
    public var archiveBytes: UInt64
    /// How many bytes of the file, from its start, are good.
    public var validBytes: UInt64
    public var findings: [String]
    public var tableDigest: Digest?
    public var seconds: Double

    public init(
        archive: String, verdict: Verdict, entries: UInt64, frames: UInt64, archiveBytes: UInt64, validBytes: UInt64,
        findings: [String], tableDigest: Digest?, seconds: Double
    ) {
        self.archive = archive
        self.verdict = verdict
        self.entries = entries
        self.frames = frames
        self.archiveBytes = archiveBytes
        self.validBytes = validBytes
        self.findings = findings
        self.tableDigest = tableDigest
        self.seconds = seconds
    }
}
