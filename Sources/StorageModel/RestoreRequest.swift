/// Where an archive is read from.
public enum ArchiveReference: Hashable, Sendable, CustomStringConvertible {
    case file(String)
    case standardInput

    /// Parses `-` or a path.
    public init(_ text: String) throws(StorageError) {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw StorageError(
                .invalidInput, "the archive's name is empty", hint: "name a file, or - for standard input")
        }
        self = text == "-" ? .standardInput : .file(text)
    }

    public var description: String {
        switch self {
        case .file(let path): path
        case .standardInput: "standard input"
        }
    }
}

/// What a restore may do to what is already there.
public enum RestoreMode: Hashable, Sendable {
    /// The target must be empty or missing.
    case intoEmpty
    /// The target's content is exchanged for the archive's in one step: old data or new data, never a mixture.
    case replace
    /// Entries are added to the target; those of the same name are replaced, links are never written through.
    case merge
}

/// Which archive to restore, where to, and which part of it.
public struct RestoreRequest: Hashable, Sendable {
    public var archive: ArchiveReference
    /// A volume (created if missing) or a directory.
    public var target: SourceReference
    /// Only these entries and what lies below them; empty for all.
    public var paths: [EntryPath]
    public var mode: RestoreMode
    public var threads: Int?
    public var isDurable: Bool
    /// Whether a target that others use is replaced all the same.
    public var forces: Bool

    public init(
        archive: ArchiveReference, target: SourceReference, paths: [EntryPath] = [], mode: RestoreMode = .intoEmpty,
        threads: Int? = nil, isDurable: Bool = true, forces: Bool = false
    ) {
        self.archive = archive
        self.target = target
        self.paths = paths
        self.mode = mode
        self.threads = threads
        self.isDurable = isDurable
        self.forces = forces
    }
}

/// What a restore did.
public struct RestoreReport: Hashable, Sendable {
    public var archive: String
    public var target: SourceReference
    public var entries: UInt64
    public var restoredBytes: UInt64
    /// Whether the volume was made by this restore.
    public var createdVolume: Bool
    /// Entries that could not be restored as the archive has them.
    public var skipped: [EntryNotice]
    public var seconds: Double

    /// Whether the exit status is 3.
    public var hasWarnings: Bool { !skipped.isEmpty }

    public init(
        archive: String, target: SourceReference, entries: UInt64, restoredBytes: UInt64, createdVolume: Bool,
        skipped: [EntryNotice], seconds: Double
    ) {
        self.archive = archive
        self.target = target
        self.entries = entries
        self.restoredBytes = restoredBytes
        self.createdVolume = createdVolume
        self.skipped = skipped
        self.seconds = seconds
    }
}
