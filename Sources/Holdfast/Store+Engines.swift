internal import Backups
internal import Catalog
internal import FileTree
public import StorageModel
internal import Volumes

extension Store {
    /// Copies a volume of another engine into the store, with its labels. The original stays as it is.
    ///
    /// The copy is built in staging, brought to disk and published in one step: a crash leaves the store as it was. It shares
    /// the original's blocks where both are on one file system that can. Options are not taken over, as they say how the other
    /// engine keeps the data; what was left out is in the report. Containers may use the original meanwhile; what they change
    /// is in the report too. Cost: proportional to the tree.
    ///
    /// - Parameters:
    ///   - name: what the volume is to be called; `nil` for its name in the engine.
    ///   - mode: what may happen to a volume of that name. Unlike a restore, an adoption refuses also an empty one.
    ///   - forces: replaces a volume that processes use.
    /// - Throws: ``StorageError/Code/conflict`` if the store has a volume of that name and the mode is
    ///   ``RestoreMode/intoEmpty``; ``StorageError/Code/notFound``; ``StorageError/Code/inUse``;
    ///   ``StorageError/Code/system`` if the data cannot be had.
    public func adoptVolume(
        _ source: EngineVolumeReference, as name: VolumeName? = nil, mode: RestoreMode = .intoEmpty,
        forces: Bool = false, isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> AdoptionReport {
        let name = name ?? source.name
        let clock = ContinuousClock()
        let start = clock.now
        if mode == .intoEmpty, try catalog.volume(named: name) != nil { throw Self.taken(name) }
        let opened = try EngineVolumes.client(source.engine, checkpoint).open(source.name)
        checkpoint.progress.begin("copying \(source)", totalEntries: nil, totalBytes: nil)
        var report: AdoptionReport?
        if mode == .merge { report = try merge(opened, into: name, forces, isDurable, checkpoint) }
        if report == nil { report = try replace(opened, in: name, mode, forces, isDurable, checkpoint) }
        withExtendedLifetime(opened) {}
        guard var report else { throw Self.taken(name) }
        let elapsed = start.duration(to: clock.now).components
        report.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return report
    }

    /// Makes a copy of the data that of the volume, which is made if it is missing.
    private func replace(
        _ opened: OpenedEngineVolume, in name: VolumeName, _ mode: RestoreMode, _ forces: Bool, _ isDurable: Bool,
        _ checkpoint: Checkpoint
    ) throws(StorageError) -> AdoptionReport {
        let replacement = try volumes.beginReplacement(of: name, force: forces)
        do throws(StorageError) {
            if mode == .intoEmpty && replacement.existing != nil { throw Self.taken(name) }
            let copied = try TreeCopy.copy(
                opened.data, to: replacement.data, ownership: true, checkpoint: checkpoint)
            try checkpoint.interruption.check()
            let carried = opened.volume.carried
            _ = try replacement.publish(
                VolumeRequest(name: name, options: carried.options, labels: carried.labels), isDurable: isDurable)
            var report = AdoptionReport(opened, name, copied, createdVolume: replacement.existing == nil)
            if report.createdVolume {
                report.skipped += carried.omissions.map { EntryNotice(path: .root, reason: $0) }
            }
            do throws(StorageError) { try replacement.discard() } catch {
                // The new data is in place; the old only takes space until the next command sweeps it.
                report.skipped.append(
                    EntryNotice(path: .root, reason: "the old data could not be deleted yet: \(error.message)"))
            }
            return report
        } catch {
            // The first error is the one to tell; what cannot be deleted now, the next open sweeps.
            try? replacement.discard()
            throw error
        }
    }

    /// Adds a copy of the data to a volume that exists.
    ///
    /// - Returns: `nil` if there is no such volume.
    private func merge(
        _ opened: OpenedEngineVolume, into name: VolumeName, _ forces: Bool, _ isDurable: Bool, _ checkpoint: Checkpoint
    ) throws(StorageError) -> AdoptionReport? {
        guard try catalog.volume(named: name) != nil else { return nil }
        let target = try volumes.open(name, for: .changing)
        let doing = "copy '\(opened.volume.reference)' into volume '\(name)'"
        let area = try volumes.attempt(doing, name) { () throws(FileError) in try StagingArea.make(in: staging) }
        defer { try? area.discard() }  // The next open of the store sweeps what is left.
        let content = Array("content".utf8)
        let copy = try volumes.attempt(doing, name) { () throws(FileError) in
            try area.directory.makeDirectory(content)
            return SharedDescriptor(try area.directory.openDirectory(content))
        }
        let copied = try TreeCopy.copy(opened.data, to: copy.descriptor, ownership: true, checkpoint: checkpoint)
        let conflict = try volumes.attempt(doing, name) { () throws(FileError) in
            try TreeMerge.firstConflict(moving: copy.descriptor, into: target.data)
        }
        if let conflict {
            throw StorageError(
                .conflict, object: name.rawValue,
                "'\(conflict.path.description.printable(limit: 200))' is a directory in one of '\(opened.volume.reference)' "
                    + "and volume '\(name)' and not in the other",
                hint: "remove it, or adopt into another volume; nothing was changed")
        }
        if isDurable {
            try volumes.attempt(doing, name) { () throws(FileError) in
                try Publication.syncTree(content, in: area.directory)
            }
        }
        try TreeMerge.move(contentOf: copy.descriptor, into: target.data, ownership: true, checkpoint: checkpoint)
        if isDurable {
            try volumes.attempt(doing, name) { () throws(FileError) in try target.data.syncFileSystem() }
        }
        withExtendedLifetime(target) {}
        return AdoptionReport(opened, name, copied, createdVolume: false)
    }

    private static func taken(_ name: VolumeName) -> StorageError {
        StorageError(
            .conflict, object: name.rawValue, "there is a volume '\(name)' already",
            hint: "adopt it under another name, exchange its content with --replace, or add to it with --merge")
    }
}

extension EngineVolume {
    /// What a volume of the store has of this one when it gets its data.
    fileprivate var carried: CarriedDescription {
        CarriedDescription(
            driver: driver, options: options, labels: labels, from: reference.engine.rawValue,
            to: SourceReference.volume(reference.name).engine)
    }
}

extension AdoptionReport {
    fileprivate init(
        _ opened: OpenedEngineVolume, _ name: VolumeName, _ copied: TreeCopy.Report, createdVolume: Bool
    ) {
        self.init(
            source: opened.volume.reference, volume: name, createdVolume: createdVolume, entries: copied.entries,
            copiedBytes: copied.copiedBytes, reflinkedFiles: copied.reflinkedFiles, skipped: copied.skipped,
            changedDuringRead: copied.changed, seconds: 0)
    }
}
