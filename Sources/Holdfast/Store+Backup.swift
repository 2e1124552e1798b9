internal import Archive
internal import Backups
internal import Catalog
internal import FileTree
public import StorageModel
internal import Volumes

extension Store {
    /// Backs up a volume, or a directory of the host, into one archive.
    ///
    /// The volume is held by a shared lease meanwhile: it can be used and backed up by others, not removed or replaced.
    /// Others see the archive when it is whole and, unless the request says otherwise, on disk; a crash or an interruption
    /// leaves a partial file that the next backup to the same directory takes up or removes. Files that change while they are read are in the report
    /// and never abort the backup. What uses it can be kept still by ``BackupRequest/consistency``. Cost: reading, hashing
    /// and compressing everything, on all cores.
    ///
    /// - Parameter keys: what opens encrypted archives before it, so that what is unchanged can be taken from them.
    /// - Throws: ``StorageError/Code/notFound``, ``StorageError/Code/inUse`` while the volume is replaced or removed,
    ///   ``StorageError/Code/conflict`` if the destination exists or lies inside of the source, ``StorageError/Code/noSpace``.
    public func backUp(
        _ request: BackupRequest, recipients: ArchiveRecipients? = nil, keys: ArchiveKeys = .none,
        checkpoint: Checkpoint
    ) throws(StorageError) -> BackupReport {
        guard case .volume(let name) = request.source else {
            return try ArchiveFiles.backUp(request, recipients: recipients, keys: keys, checkpoint: checkpoint)
        }
        let hooks = BackupHooks.run(request, volume: name.rawValue, in: self, checkpoint)
        return try hooks.around(checkpoint.interruption) { () throws(StorageError) in
            let opened = try volumes.open(name, for: .reading)
            let report = try volumes.withData(of: opened) { root throws(StorageError) in
                try BackupRun(
                    root, request, volume: opened.volume, recipients: recipients?.keys, keys: keys.keys,
                    source: liveSource, checkpoint: checkpoint
                ).run()
            }
            withExtendedLifetime(opened) {}
            return report
        }
    }

    /// Clones are made in the store.
    private var liveSource: LiveSource {
        LiveSource(makeArea: { _ throws(FileError) in try CloneArea.make(in: self.staging) })
    }

    /// Restores an archive into a volume, or a directory of the host.
    ///
    /// A missing volume is made with the labels, options, owner and mode that the archive has. Except when merging, the
    /// content is built in staging and put in place in one step: a failure or a crash leaves the volume as it was.
    ///
    /// - Throws: ``StorageError/Code/conflict`` if the volume is not empty and the request says neither replace nor merge;
    ///   ``StorageError/Code/inUse`` naming who uses it; ``StorageError/Code/damaged``, ``StorageError/Code/truncated``.
    public func restore(
        _ request: RestoreRequest, keys: ArchiveKeys = .none, checkpoint: Checkpoint
    ) throws(StorageError) -> RestoreReport {
        guard case .volume(let name) = request.target else {
            return try ArchiveFiles.restore(request, keys: keys, checkpoint: checkpoint)
        }
        let clock = ContinuousClock()
        let start = clock.now
        let archive = try OpenedArchive.open(request.archive, keys: keys.keys, checkpoint: checkpoint)
        let extraction = Extraction(archive, request, checkpoint: checkpoint)
        var (outcome, isNew) = (try merge(extraction, into: name, request), false)
        if outcome == nil { (outcome, isNew) = try replace(extraction, in: name, request, checkpoint) }
        let elapsed = start.duration(to: clock.now).components
        return RestoreReport(
            archive: archive.reportedName, target: request.target, entries: outcome?.entries ?? 0,
            restoredBytes: outcome?.bytes ?? 0, createdVolume: isNew, skipped: outcome?.skipped ?? [],
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
    }

    /// Adds the archive's entries to a volume that exists. What is on a device cannot be exchanged in one step: there
    /// everything is added where it is.
    ///
    /// - Returns: `nil` if that is not what is asked for, or if there is no such volume.
    private func merge(
        _ extraction: Extraction, into name: VolumeName, _ request: RestoreRequest
    ) throws(StorageError) -> Extraction.Outcome? {
        guard let volume = try catalog.volume(named: name) else { return nil }
        let hasDevice = try volumes.device(of: volume) != nil
        guard request.mode == .merge || hasDevice else { return nil }
        guard request.mode != .replace else {
            throw StorageError(
                .conflict, object: name.rawValue,
                "the data of volume '\(name)' is on a device and cannot be exchanged in one step",
                hint: "restore into another volume, or empty this one and restore without --replace")
        }
        let opened = try volumes.open(name, for: .changing)
        let outcome = try volumes.withData(of: opened) { target throws(StorageError) in
            if request.mode == .intoEmpty, try !volumes.isEmpty(target.descriptor, of: name) {
                throw Self.notEmpty(name)
            }
            let outcome = try extraction.run(into: target, merges: true)
            if request.isDurable {
                try volumes.attempt("sync volume '\(name)'", name) { () throws(FileError) in
                    try target.descriptor.syncFileSystem()
                }
            }
            return outcome
        }
        withExtendedLifetime(opened) {}
        return outcome
    }

    private static func notEmpty(_ name: VolumeName) -> StorageError {
        StorageError(
            .conflict, object: name.rawValue, "volume '\(name)' is not empty",
            hint: "use --replace to exchange its content, --merge to add to it, or another volume")
    }

    /// Builds the archive's content in staging and makes it the volume's.
    ///
    /// - Returns: what was extracted, and whether the volume is new.
    private func replace(
        _ extraction: Extraction, in name: VolumeName, _ request: RestoreRequest, _ checkpoint: Checkpoint
    ) throws(StorageError) -> (Extraction.Outcome, isNew: Bool) {
        let replacement = try volumes.beginReplacement(of: name, force: request.forces)
        let result = Result { () throws(StorageError) in
            try fill(replacement, extraction, name, request, checkpoint)
        }
        switch result {
        case .success(var outcome):
            do throws(StorageError) {
                try replacement.discard()
            } catch {
                // The new data is in place; the old only takes space until the next command sweeps it.
                outcome.skipped.append(
                    EntryNotice(path: .root, reason: "the old data could not be deleted yet: \(error.message)"))
            }
            return (outcome, replacement.existing == nil)
        case .failure(let error):
            // The first error is the one to tell; what cannot be deleted now, the next open sweeps.
            try? replacement.discard()
            throw error
        }
    }

    private func fill(
        _ replacement: VolumeReplacement, _ extraction: Extraction, _ name: VolumeName, _ request: RestoreRequest,
        _ checkpoint: Checkpoint
    ) throws(StorageError) -> Extraction.Outcome {
        if let existing = replacement.existing, request.mode == .intoEmpty, try !existing.isEmpty() {
            throw Self.notEmpty(name)
        }
        let target = try volumes.attempt("restore into volume '\(name)'", name) { () throws(FileError) in
            SharedDescriptor(try replacement.data.duplicate())
        }
        var outcome = try extraction.run(into: target, merges: false)
        if !outcome.hasRoot {
            try volumes.attempt("restore into volume '\(name)'", name) { () throws(FileError) in
                // The archive says nothing of its root: it stays as it was, or gets a new volume's mode.
                guard let existing = replacement.existing else {
                    return try target.descriptor.setMode(VolumeRequest.defaultMode)
                }
                let status = try existing.data.status()
                try target.descriptor.applyMetadata(
                    status.metadata, xattrs: try existing.data.extendedAttributes(),
                    ownership: status.uid != 0 || status.gid != 0)
            }
        }
        try checkpoint.interruption.check()
        let carried = outcome.origin.map { $0.carried(to: SourceReference.volume(name).engine) }
        _ = try replacement.publish(
            VolumeRequest(name: name, labels: carried?.labels ?? [:]), isDurable: request.isDurable)
        if replacement.existing == nil, let carried {
            outcome.skipped += carried.omissions.map { EntryNotice(path: .root, reason: $0) }
            if !carried.options.isEmpty {
                let keys = carried.options.keys.sorted().map { "'\($0.printable(limit: 40))'" }.joined(separator: ", ")
                outcome.skipped.append(
                    EntryNotice(
                        path: .root,
                        reason: "the driver options \(keys) of the archived volume do not apply to the new one, whose "
                            + "data is in the store"))
            }
        }
        return outcome
    }
}
