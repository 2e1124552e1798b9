internal import Archive
internal import Backups
internal import FileTree
internal import StorageModel
internal import Volumes

/// Restores an archive into a volume of another engine.
///
/// A volume that exists keeps its labels and options; its data directory is exchanged in one step, or added to. A missing one
/// is made by the engine when its data is built, whole and on disk, so that a crash leaves no volume, for an instant an empty
/// one, or the finished one. What is built lies in a hidden directory `.holdfast-….restore` that the next restore removes if
/// this one is killed.
struct EngineRestore {
    private let client: EngineClient
    private let name: VolumeName
    private let request: RestoreRequest
    private let checkpoint: Checkpoint

    init(
        _ client: EngineClient, _ name: VolumeName, _ request: RestoreRequest, checkpoint: Checkpoint
    ) {
        self.client = client
        self.name = name
        self.request = request
        self.checkpoint = checkpoint
    }

    func run(_ archive: OpenedArchive) throws(StorageError) -> RestoreReport {
        let existing: EngineVolume?
        do throws(StorageError) { existing = try client.volume(named: name) } catch  where error.code == .notFound {
            existing = nil
        }
        if let existing { return try restore(archive, into: client.openTarget(existing)) }
        return try restoreNew(archive)
    }

    private func restore(_ archive: OpenedArchive, into target: EngineVolumeTarget) throws(StorageError)
        -> RestoreReport
    {
        let isChecked = !request.forces && request.mode != .merge
        if isChecked { try target.refuseIfUsed() }
        let restore = DirectoryRestore(
            target.dataName, of: target.home, shown: request.target.description, request, checkpoint: checkpoint
        ) { () throws(StorageError) in
            // A container may have been started meanwhile: it would keep the old data.
            if isChecked { try target.refuseIfUsed() }
        }
        let report = try restore.run(archive)
        withExtendedLifetime(target) {}
        return report
    }

    private func restoreNew(_ archive: OpenedArchive) throws(StorageError) -> RestoreReport {
        let clock = ContinuousClock()
        let start = clock.now
        let doing = "restore into '\(request.target)'"
        let site = try client.openBuildingSite()
        let staging = try attempt(doing) { () throws(FileError) in try SiblingStaging(in: site) }
        defer { staging.discard() }
        let content = try attempt(doing) { () throws(FileError) in
            SharedDescriptor(try staging.directory.openDirectory(SiblingStaging.content))
        }
        let extraction = Extraction(archive, request, checkpoint: checkpoint)
        var outcome = try extraction.run(into: content, merges: false)
        try attempt(doing) { () throws(FileError) in
            if !outcome.hasRoot { try content.descriptor.setMode(VolumeRequest.defaultMode) }
            if request.isDurable { try Publication.syncTree(SiblingStaging.content, in: staging.directory) }
        }
        try checkpoint.interruption.check()
        let carried = outcome.origin.map { $0.carried(to: client.engine.rawValue) }
        try publish(staging, labels: carried?.labels ?? [:], options: carried?.options ?? [:])
        outcome.skipped += (carried?.omissions ?? []).map { EntryNotice(path: .root, reason: $0) }
        let elapsed = start.duration(to: clock.now).components
        return RestoreReport(
            archive: archive.reportedName, target: request.target, entries: outcome.entries,
            restoredBytes: outcome.bytes, createdVolume: true, skipped: outcome.skipped,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
    }

    /// Lets the engine make the volume and puts the finished data into it. If anything fails the volume is removed again.
    private func publish(
        _ staging: SiblingStaging, labels: [String: String], options: [String: String]
    ) throws(StorageError) {
        do throws(StorageError) {
            _ = try client.volume(named: name)
            throw madeByAnother
        } catch  where error.code == .notFound {}
        let built = try attempt("fill '\(request.target)'") { () throws(FileError) in
            try staging.directory.status(of: SiblingStaging.content).identity
        }
        do throws(StorageError) {
            let made = try client.create(name, labels: labels, options: options)
            // Docker takes a request for a volume that exists for fulfilled.
            guard made.labels == labels else { throw madeByAnother }
            let target = try client.openTarget(made)
            try attempt("fill '\(request.target)'") { () throws(FileError) in
                guard try target.home.descriptor.openDirectory(target.dataName).isEmptyDirectory() else {
                    throw FileError("renameat2", errno: .notEmpty)
                }
                try Publication.publish(
                    SiblingStaging.content, from: staging.directory, to: target.home.descriptor, as: target.dataName,
                    mode: .exchange, isDurable: request.isDurable)
            }
        } catch {
            throw takingBack(labels, built, error)
        }
    }

    /// Removes the volume that was made for a restore that failed, unless somebody else has made use of it meanwhile.
    ///
    /// - Returns: the failure to tell.
    private func takingBack(
        _ labels: [String: String], _ built: FileIdentity, _ failure: StorageError
    ) -> StorageError {
        do throws(StorageError) {
            let patient = client.uninterruptible
            let made = try patient.volume(named: name)
            guard made.labels == labels else { return failure }
            let target = try patient.openTarget(made)
            let isOurs = try attempt("look at '\(request.target)'") { () throws(FileError) in
                let data = try target.home.descriptor.openDirectory(target.dataName)
                if try data.isEmptyDirectory() { return true }
                return try data.status().identity == built
            }
            if isOurs { try patient.remove(name) }
            return failure
        } catch {
            // Never made, or gone already, or another restore's.
            if error.code == .notFound || error.code == .inUse { return failure }
            return StorageError(
                failure.code, object: failure.object, failure.message, errno: failure.errno,
                hint: "remove the volume that was made for it: \(client.engine.rawValue) volume rm \(name)",
                causes: failure.causes + [error.message])
        }
    }

    private var madeByAnother: StorageError {
        StorageError(
            .conflict, object: request.target.description,
            "volume '\(request.target)' was created by another process meanwhile",
            hint: "try again with --replace or --merge, or restore into another volume")
    }

    private func attempt<Result: ~Copyable>(
        _ doing: String, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) { return try body() } catch {
            throw StorageError(error, doing: doing, object: request.target.description)
        }
    }
}

extension ArchiveOrigin {
    /// What a volume of `engine` that gets the archive's data has of its source.
    func carried(to engine: String) -> CarriedDescription {
        CarriedDescription(driver: driver, options: options, labels: labels, from: self.engine, to: engine)
    }
}
