internal import Archive
internal import FileTree
internal import StorageModel

// The run that finds nothing changed and gives the previous archive another name.
extension BackupRun {
    /// The report of a run that finds everything unchanged and is to make no archive then; `nil` if one is to be made.
    func reportWithoutReading(
        _ previous: PreviousBackup, _ origin: ArchiveOrigin, _ remarks: [String], since start: ContinuousClock.Instant
    ) throws(StorageError) -> BackupReport? {
        switch request.whenUnchanged {
        case .archive: nil
        case .skip: try unchangedReport(previous, origin, remarks, since: start)
        case .link: try linkedReport(previous, origin, remarks, since: start)
        }
    }

    /// The report of a run that links; `nil` if an archive is to be made: something changed, the archive would say something
    /// else of its origin, or the previous one cannot have another name.
    ///
    /// Cost: a walk, and reading the sample of the previous archive that every run proves. A crash leaves the name or none.
    private func linkedReport(
        _ previous: PreviousBackup, _ origin: ArchiveOrigin, _ remarks: [String], since start: ContinuousClock.Instant
    ) throws(StorageError) -> BackupReport? {
        let file = previous.file
        guard case .directory(let destination) = request.destination, !isEncrypted, !previous.isEncrypted,
            saysTheSame(file.index.origin, origin), request.rereadShare == 0,
            try isUnchanged(since: previous, origin),
            try makeReuse(of: previous.archive, origin).sampleIsSound(checkpoint.interruption)
        else { return nil }
        let directory = try DestinationLayout.makeDirectory(for: request.source, below: destination)
        guard let name = try link(previous, in: directory, origin.startedAt) else { return nil }
        var report = BackupReport(
            archive: HostPath.join(HostPath.absolute(directory), name), source: request.source,
            entries: file.index.entries, sourceBytes: file.index.sourceBytes, archiveBytes: file.sizeBytes,
            reusedFrames: file.index.frames, newFrames: 0, reusedBytes: file.sizeBytes, changedDuringRead: [],
            skipped: [], seconds: start.duration(to: ContinuousClock().now).seconds, tableDigest: file.tableDigest)
        report.previous = previous.path
        report.isLinked = true
        report.remarks = remarks
        return report
    }

    /// Whether an archive made now would differ from the previous one in nothing but the time.
    private func saysTheSame(_ previous: ArchiveOrigin, _ origin: ArchiveOrigin) -> Bool {
        var previous = previous
        let hadBeenStill = previous.consistency != ConsistencyMethod.none.rawValue
        (previous.startedAt, previous.consistency) = (origin.startedAt, origin.consistency)
        previous.sliceKey = origin.sliceKey
        return previous == origin && (request.consistency.mode == .none || hadBeenStill)
    }

    /// - Returns: the new name; `nil` if the previous archive cannot have another one there, or has gone.
    private func link(
        _ previous: PreviousBackup, in path: String, _ time: Timestamp
    ) throws(StorageError) -> String? {
        do throws(FileError) {
            let (folder, oldName) = HostPath.split(previous.path)
            let source = try Descriptor.openDirectory(atHostPath: folder)
            let target = try Descriptor.openDirectory(atHostPath: path)
            _ = try AbandonedFile.sweep(target)
            // Whoever removes old files by their time must not take the newest backup for one of them.
            let archive = try source.openFile(Array(oldName.utf8), for: .reading)
            let status = try archive.status()
            guard status.identity == (try previous.file.status()).identity,
                status.linkCount < UnchangedBackup.namesLimit
            else { return nil }
            var metadata = status.metadata
            metadata.modifiedAt = time
            try archive.applyMetadata(metadata, xattrs: [], ownership: false, current: status)
            if request.isDurable { try archive.sync() }
            for name in DestinationLayout.names(time, isEncrypted: false) {
                do throws(FileError) {
                    try target.makeHardLink(Array(name.utf8), to: source, Array(oldName.utf8))
                } catch  where error.errno == .exists {
                    continue
                }
                if request.isDurable { try target.sync() }
                return name
            }
            return nil
        } catch {
            // Another file system, too many names, a file of somebody else's, an immutable one: then a copy is made.
            let refusals: [Errno] = [.crossDevice, .tooManyLinks, .notPermitted, .accessDenied, .noEntry]
            if refusals.contains(error.errno) { return nil }
            throw StorageError(error, doing: "name an archive in '\(path.printable())'", object: path)
        }
    }
}
