internal import Backups
internal import FileTree
public import StorageModel

/// What can be done with archives, directories and other engines' volumes without a store: on a bare machine, or as any user.
public enum ArchiveFiles {
    /// Backs up a directory of the host, or a volume of another engine.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` if the source is a volume (that takes a ``Store``); otherwise as
    ///   ``Store/backUp(_:recipients:keys:checkpoint:)``.
    public static func backUp(
        _ request: BackupRequest, recipients: ArchiveRecipients? = nil, keys: ArchiveKeys = .none,
        checkpoint: Checkpoint
    ) throws(StorageError) -> BackupReport {
        let path: String
        switch request.source {
        case .volume: throw needsStore(request.source)
        case .engineVolume(let volume):
            return try EngineVolumes.backUp(
                volume, request, recipients: recipients, keys: keys, checkpoint: checkpoint)
        case .directory(let named): path = named
        }
        let hooks = BackupHooks.run(request, volume: "", in: nil, checkpoint)
        return try hooks.around(checkpoint.interruption) { () throws(StorageError) in
            let root: SharedDescriptor
            do throws(FileError) {
                root = SharedDescriptor(try Descriptor.openDirectory(atHostPath: path))
            } catch {
                throw StorageError(
                    error, doing: "back up directory '\(path.printable())'", object: path,
                    hint: error.errno == .noEntry ? "check the path after dir:" : nil)
            }
            return try BackupRun(
                root, request, volume: nil, recipients: recipients?.keys, keys: keys.keys, checkpoint: checkpoint
            ).run()
        }
    }

    /// Restores into a directory of the host, or into a volume of another engine, made if it is missing. With
    /// ``RestoreMode/replace``, and into a new or empty directory, the content appears in one step; a failure leaves what
    /// was there.
    public static func restore(
        _ request: RestoreRequest, keys: ArchiveKeys = .none, checkpoint: Checkpoint
    ) throws(StorageError) -> RestoreReport {
        let path: String
        switch request.target {
        case .volume: throw needsStore(request.target)
        case .engineVolume(let volume):
            return try EngineVolumes.restore(into: volume, request, keys: keys, checkpoint: checkpoint)
        case .directory(let named): path = named
        }
        let archive = try OpenedArchive.open(request.archive, keys: keys.keys, checkpoint: checkpoint)
        return try DirectoryRestore(path, request, checkpoint: checkpoint).run(archive)
    }

    /// Calls `body` with each entry at or below `path`, in the archive's order, and throws what it throws.
    public static func contents(
        of archive: ArchiveReference, beneath path: EntryPath? = nil, keys: ArchiveKeys = .none,
        checkpoint: Checkpoint = Checkpoint(), body: (ArchiveListing) throws -> Void
    ) throws {
        var failure: (any Error)?
        do throws(StorageError) {
            try ArchiveQueries.contents(
                of: archive, beneath: path ?? .root, keys: keys.keys, checkpoint: checkpoint
            ) { (entry) throws(StorageError) in
                do { try body(entry) } catch {
                    failure = error
                    throw .interrupted
                }
            }
        } catch {
            throw failure ?? error
        }
    }

    /// Writes the content of one file in the archive to an open descriptor, which stays open and the caller's.
    ///
    /// - Returns: what the archive says of the file; of its first name, if `path` is a further one.
    @discardableResult
    public static func writeFile(
        _ path: EntryPath, of archive: ArchiveReference, keys: ArchiveKeys = .none, to descriptor: CInt,
        checkpoint: Checkpoint
    ) throws(StorageError) -> ArchiveListing {
        try ArchiveQueries.writeFile(
            path, of: archive, keys: keys.keys, to: SharedDescriptorNumber(descriptor), checkpoint: checkpoint)
    }

    /// Checks every byte of an archive. What is wrong with it is in the report, not thrown.
    public static func verify(
        _ archive: ArchiveReference, keys: ArchiveKeys = .none, checkpoint: Checkpoint
    ) throws(StorageError) -> VerifyReport {
        try Verification.run(archive, keys: keys.keys, checkpoint: checkpoint)
    }

    /// Checks the archives below a destination in turn, as far as the budget goes, those first whose check is longest ago, and
    /// notes in the destination which were found whole. Each report goes to `body` as it comes.
    public static func scrub(
        _ destination: String, _ budget: ScrubBudget, keys: ArchiveKeys = .none, checkpoint: Checkpoint,
        body: (VerifyReport) -> Void
    ) throws(StorageError) -> ScrubReport {
        try Scrub(destination, budget, keys: keys.keys, checkpoint: checkpoint).run { (report) throws(StorageError) in
            body(report)
        }
    }

    /// Calls `body` with each difference between two archives, in the archives' order, and throws what it throws. Only their
    /// tables of contents are read.
    public static func difference(
        from before: ArchiveReference, to after: ArchiveReference, keys: ArchiveKeys = .none,
        checkpoint: Checkpoint = Checkpoint(), body: (ArchiveChange) throws -> Void
    ) throws {
        var failure: (any Error)?
        do throws(StorageError) {
            try ArchiveDifference.forEach(from: before, to: after, keys: keys.keys, checkpoint: checkpoint) {
                (change) throws(StorageError) in
                do { try body(change) } catch {
                    failure = error
                    throw .interrupted
                }
            }
        } catch {
            throw failure ?? error
        }
    }

    /// The archives below a destination directory, by path. Of encrypted ones that no key opens, what their paths tell.
    public static func list(
        at directory: String, keys: ArchiveKeys = .none, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [ArchiveSummary] {
        try ArchiveDiscovery.archives(at: directory, keys: keys.keys, checkpoint: checkpoint)
    }

    private static func needsStore(_ reference: SourceReference) -> StorageError {
        StorageError(.invalidInput, object: reference.description, "\(reference) is in a store: open the store for it")
    }
}
