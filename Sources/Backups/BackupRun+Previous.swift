internal import Archive
internal import FileTree
internal import StorageModel

// From which archive a run takes what is unchanged, and the run that finds everything unchanged.
extension BackupRun {
    /// - Parameter kept: what was taken from, the previous archive among it.
    func damage(in previous: PreviousBackup, _ kept: PreviousArchive?) -> [String] {
        let frames = kept?.damagedFrames ?? []
        guard let first = frames.first else { return [] }
        return [
            "'\(previous.path.printable())' is damaged (frame \(first)\(frames.count > 1 ? " and others" : "")); what it "
                + "holds was read again, this archive is sound: run holdfast backup verify on the older ones"
        ]
    }

    /// The archive that what is unchanged is taken from.
    ///
    /// - Returns: why newer ones are not, as warnings and as notices.
    func previousBackup(
        _ origin: ArchiveOrigin
    ) throws(StorageError) -> (found: PreviousBackup?, remarks: [String], notices: [String]) {
        switch (request.reuse, request.destination) {
        case (.nothing, _), (.newest, .standardOutput): return (nil, [], [])
        case (.archive(let path), _): return (try PreviousBackup(path, like: origin, keys), [], [])
        case (.newest, .directory(let path)):
            let folder = DestinationLayout.folders(of: request.source).reduce(path) { HostPath.join($0, $1) }
            return PreviousBackup.newest(in: folder, like: origin, keys)
        case (.newest, .file(let path)):
            let (directory, name) = HostPath.split(path)
            // What is replaced may be anything: if it does not fit, that is not worth a word.
            guard request.replacesExistingFile, HostPath.exists(name, in: directory) else { return (nil, [], []) }
            return (try? PreviousBackup(path, like: origin, keys), [], [])
        }
    }

    /// What interrupted runs left where this one writes.
    func interruptedBackups(_ origin: ArchiveOrigin, after previous: PreviousBackup?) -> InterruptedBackups {
        let directory: String
        switch request.destination {
        case .standardOutput: return InterruptedBackups()
        case .file(let path): directory = HostPath.split(path).directory
        case .directory(let path):
            directory = DestinationLayout.folders(of: request.source).reduce(path) { HostPath.join($0, $1) }
        }
        return InterruptedBackups(in: directory, like: origin, after: previous, areUsed: request.reuse != .nothing)
    }

    /// The report of a run that makes no archive; `nil` if one is to be made.
    func unchangedReport(
        _ previous: PreviousBackup, _ origin: ArchiveOrigin, _ remarks: [String], since start: ContinuousClock.Instant
    ) throws(StorageError) -> BackupReport? {
        guard try isUnchanged(since: previous, origin) else { return nil }
        let file = previous.file
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

    func isUnchanged(since previous: PreviousBackup, _ origin: ArchiveOrigin) throws(StorageError) -> Bool {
        guard previous.file.index.skippedEntries == 0 else { return false }
        let reuse = try makeReuse(of: previous.archive, origin)
        return try TreeArchiver.isUnchanged(root, since: reuse, checkpoint: checkpoint)
    }
}
