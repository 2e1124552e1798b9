/// Where an archive goes.
public enum BackupDestination: Hashable, Sendable {
    /// Below a directory, as `<engine>/<name>/<UTC time>.tar.zst`.
    case directory(String)
    /// Into this very file.
    case file(String)
    /// To standard output, as a stream.
    case standardOutput

    /// Parses `-`, a path that ends in `.tar.zst` or `.tar.zst.age` (a file), or the path of a directory.
    public init(_ text: String) throws(StorageError) {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw StorageError(
                .invalidInput, "the destination is empty", hint: "name a directory, a .tar.zst file, or -")
        }
        if text == "-" {
            self = .standardOutput
        } else if text.hasSuffix(".tar.zst") || text.hasSuffix(".tar.zst.age") {
            self = .file(text)
        } else {
            self = .directory(text)
        }
    }
}

/// From which archive a backup takes what is unchanged.
public enum BackupReuse: Hashable, Sendable {
    /// From the newest of the same source at the destination that fits.
    case newest
    /// From the archive at this path.
    case archive(String)
    /// From none: everything is read and compressed.
    case nothing
}

/// What a backup makes of a source in which nothing changed since the previous archive.
public enum UnchangedBackup: Hashable, Sendable {
    /// An archive of its own, from the frames of the previous one.
    case archive
    /// Another name of the previous archive: neither time nor space, but what damages the one damages the other. An archive
    /// of its own where that cannot be (on another file system, for another tag, under encryption), and when the previous one
    /// has ``namesLimit`` names.
    case link
    /// No archive.
    case skip

    /// So many archives in a row may be one file, so that one bad block of the disk does not take a month of them.
    public static let namesLimit = 8
}

/// What to back up, where to, and how hard to compress.
public struct BackupRequest: Hashable, Sendable {
    public var source: SourceReference
    public var destination: BackupDestination
    /// zstd level, 1 to 19.
    public var level: Int
    /// Worker threads; `nil` for one per core.
    public var threads: Int?
    /// Whether an existing file at ``BackupDestination/file(_:)`` may be replaced.
    public var replacesExistingFile: Bool
    /// Whether the archive is on disk before success is reported.
    public var isDurable: Bool
    public var reuse = BackupReuse.newest
    /// The share of what is unchanged, 0 to 1, that is read again and compared with the previous archive.
    public var rereadShare = 0.0
    /// Whether the report says of every entry that was read why.
    public var explainsChanges = false
    /// What is done if nothing changed since the previous archive.
    public var whenUnchanged = UnchangedBackup.archive
    /// What the archive is tagged with, for `--keep-tag` of a retention policy.
    public var tags: [String] = []
    /// What is done so that the files of the archive fit together.
    public var consistency = ConsistencyRequest()
    /// How fast it may read and write.
    public var limits = ResourceLimits()

    public static let levels = 1...19

    public init(
        source: SourceReference, destination: BackupDestination, level: Int = 3, threads: Int? = nil,
        replacesExistingFile: Bool = false, isDurable: Bool = true
    ) {
        self.source = source
        self.destination = destination
        self.level = level
        self.threads = threads
        self.replacesExistingFile = replacesExistingFile
        self.isDurable = isDurable
    }
}

/// An entry that is not in an archive or a tree as it should be, and why.
public struct EntryNotice: Hashable, Sendable {
    /// Relative to the source.
    public let path: EntryPath
    /// A full sentence part: "grew while it was read", "permission denied".
    public let reason: String

    public init(path: EntryPath, reason: String) {
        self.path = path
        self.reason = reason
    }
}

/// What a backup took from the file that an interrupted one left.
public struct ResumedRun: Hashable, Sendable {
    /// The absolute path that the file had.
    public let partial: String
    /// How many of the reused frames, and of their bytes, come from it.
    public let reusedFrames: UInt64
    public let reusedBytes: UInt64

    public init(partial: String, reusedFrames: UInt64, reusedBytes: UInt64) {
        self.partial = partial
        self.reusedFrames = reusedFrames
        self.reusedBytes = reusedBytes
    }
}

/// What a backup did.
public struct BackupReport: Hashable, Sendable {
    /// The archive's absolute path; `-` for a stream.
    public var archive: String
    public var source: SourceReference
    public var entries: UInt64
    /// Apparent bytes of all files, hard links once.
    public var sourceBytes: UInt64
    public var archiveBytes: UInt64
    public var reusedFrames: UInt64
    public var newFrames: UInt64
    public var reusedBytes: UInt64
    /// Files that changed while they were read: what the archive holds of them may be a mixture.
    public var changedDuringRead: [EntryNotice]
    /// Entries that are missing from the archive: unreadable, or of a kind that tar cannot hold (sockets).
    public var skipped: [EntryNotice]
    public var seconds: Double
    /// SHA-256 of the table of contents, which covers every frame.
    public var tableDigest: Digest
    /// The absolute path of the archive from which frames were taken.
    public var previous: String?
    /// What was taken from a run that did not come to its end.
    public var resumed: ResumedRun?
    /// Whether no archive was made because nothing changed: ``archive`` is the previous one.
    public var isUnchanged = false
    /// Whether the archive is another name of the previous one.
    public var isLinked = false
    /// Read again and found to be other than in the previous archive, though nothing says that they were changed.
    public var altered: [EntryNotice] = []
    /// Why entries were read, if that was asked for; in the order of the archive.
    public var reasons: [EntryNotice] = []
    /// What else is worth knowing: archives that could not be used, frames that were damaged.
    public var remarks: [String] = []
    /// What is worth knowing and as it should be: why nothing could be taken from an archive that no key opens.
    public var notices: [String] = []

    /// How the data was kept still, and what became of the hooks.
    public var consistency = ConsistencyReport()

    /// Whether the exit status is 3.
    public var hasWarnings: Bool {
        !changedDuringRead.isEmpty || !altered.isEmpty || !remarks.isEmpty || consistency.hasWarnings
            || skipped.contains { !$0.reason.hasPrefix("socket") }
    }

    public init(
        archive: String, source: SourceReference, entries: UInt64, sourceBytes: UInt64, archiveBytes: UInt64,
        reusedFrames: UInt64, newFrames: UInt64, reusedBytes: UInt64, changedDuringRead: [EntryNotice],
        skipped: [EntryNotice], seconds: Double, tableDigest: Digest
    ) {
        self.archive = archive
        self.source = source
        self.entries = entries
        self.sourceBytes = sourceBytes
        self.archiveBytes = archiveBytes
        self.reusedFrames = reusedFrames
        self.newFrames = newFrames
        self.reusedBytes = reusedBytes
        self.changedDuringRead = changedDuringRead
        self.skipped = skipped
        self.seconds = seconds
        self.tableDigest = tableDigest
    }
}
