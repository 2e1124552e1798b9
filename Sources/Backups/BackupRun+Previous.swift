internal import Archive
internal import FileTree
internal import StorageModel

// From which archive a run takes what is unchanged, and the run that finds everything unchanged.
extension BackupRun {
    func damage(in previous: PreviousBackup) -> [String] {
        let frames = previous.archive.damagedFrames
        guard let first = frames.first else { return [] }
        return [
            "'\(previous.path.printable())' is damaged (frame \(first)\(frames.count > 1 ? " and others" : "")); what it "
                + "holds was read again, this archive is sound: run holdfast backup verify on the older ones"
        ]
    }

    func previousBackup(
        _ origin: ArchiveOrigin
    ) throws(StorageError) -> (found: PreviousBackup?, remarks: [String]) {
        switch (request.reuse, request.destination) {
        case (.nothing, _), (.newest, .standardOutput): return (nil, [])
        case (.archive(let path), _): return (try PreviousBackup(path, like: origin), [])
        case (.newest, .directory(let path)):
            let folder = DestinationLayout.folders(of: request.source).reduce(path) { HostPath.join($0, $1) }
            return PreviousBackup.newest(in: folder, like: origin)
        case (.newest, .file(let path)):
            let (directory, name) = HostPath.split(path)
            // What is replaced may be anything: if it does not fit, that is not worth a word.
            guard request.replacesExistingFile, HostPath.exists(name, in: directory) else { return (nil, []) }
            return (try? PreviousBackup(path, like: origin), [])
        }
    }

    func makeReuse(of previous: PreviousBackup, _ origin: ArchiveOrigin) throws(StorageError) -> ArchiveReuse {
        try ArchiveReuse(
            previous.archive, root: root.descriptor, startedAt: origin.startedAt, rereadShare: request.rereadShare)
    }

    /// The report of a run that makes no archive; `nil` if one is to be made.
    func unchangedReport(
        _ previous: PreviousBackup, _ origin: ArchiveOrigin, _ remarks: [String], since start: ContinuousClock.Instant
    ) throws(StorageError) -> BackupReport? {
        guard request.whenUnchanged == .skip else { return nil }
        let reuse = try makeReuse(of: previous, origin)
        guard previous.archive.file.index.skippedEntries == 0,
            try TreeArchiver.isUnchanged(root, since: reuse, checkpoint: checkpoint)
        else { return nil }
        let file = previous.archive.file
        var report = BackupReport(
            archive: previous.path, source: request.source, entries: file.index.entries,
            sourceBytes: file.index.sourceBytes, archiveBytes: file.sizeBytes, reusedFrames: 0, newFrames: 0,
            reusedBytes: 0, changedDuringRead: [], skipped: [],
            seconds: start.duration(to: ContinuousClock().now).seconds, tableDigest: file.tableDigest)
        report.previous = previous.path
        report.isUnchanged = true
        report.remarks = remarks
        return report
    }
}
