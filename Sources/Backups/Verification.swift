internal import Archive
package import Encryption
internal import FileTree
package import StorageModel

/// Finds out whether an archive is what was written.
package enum Verification {
    /// - Throws: only if the archive cannot be opened or read at all; what is wrong with its content is in the report.
    package static func run(
        _ reference: ArchiveReference, keys: DecryptionKeys, checkpoint: Checkpoint
    ) throws(StorageError) -> VerifyReport {
        let clock = ContinuousClock()
        let start = clock.now
        var report = try examine(reference, keys, checkpoint)
        report.seconds = start.duration(to: clock.now).seconds
        return report
    }

    private static func examine(
        _ reference: ArchiveReference, _ keys: DecryptionKeys, _ checkpoint: Checkpoint
    ) throws(StorageError) -> VerifyReport {
        do throws(StorageError) {
            let archive = try OpenedArchive.open(reference, keys: keys, checkpoint: checkpoint)
            guard let file = archive.file else { return try examineStream(archive, checkpoint, tableFault: nil) }
            return try examineTable(archive, file, checkpoint)
        } catch  where error.code == .damaged || error.code == .truncated {
            // The table is damaged, or the end of an encrypted file; how far the stream is good can still be told.
            guard case .file = reference else { throw error }
            let archive = try OpenedArchive.openStream(reference, keys: keys, checkpoint: checkpoint)
            return try examineStream(archive, checkpoint, tableFault: error)
        }
    }

    private static func examineTable(
        _ archive: OpenedArchive, _ file: ArchiveFile, _ checkpoint: Checkpoint
    ) throws(StorageError) -> VerifyReport {
        checkpoint.progress.begin("verifying", totalEntries: nil, totalBytes: file.sizeBytes)
        let outcome = try ArchiveVerifier.verify(file, threads: WorkerPool.defaultThreads, checkpoint: checkpoint)
        return VerifyReport(
            archive: HostPath.absolute(file.name), verdict: outcome.findings.isEmpty ? .intact : .damaged,
            entries: outcome.entries, frames: outcome.frames, archiveBytes: archive.sizeBytes,
            validBytes: archive.place(ofContent: outcome.validBytes), findings: outcome.findings,
            tableDigest: file.tableDigest, seconds: 0)
    }

    /// Reads an archive without a usable table from its start to its end.
    private static func examineStream(
        _ archive: OpenedArchive, _ checkpoint: Checkpoint, tableFault: StorageError?
    ) throws(StorageError) -> VerifyReport {
        checkpoint.progress.begin("verifying", totalEntries: nil, totalBytes: archive.sizeBytes)
        var report = VerifyReport(
            archive: archive.reportedName, verdict: .noTable, entries: 0, frames: 0, archiveBytes: archive.sizeBytes,
            validBytes: 0, findings: tableFault.map { [$0.message] } ?? [], tableDigest: nil, seconds: 0)
        let feed = try archive.feed(threads: WorkerPool.defaultThreads, checkpoint: checkpoint)
        defer { feed.finish() }
        var reader = TarReader(feed, limits: ArchiveLimits())
        do throws(StorageError) {
            while let entry = try reader.nextEntry() {
                report.entries += 1
                checkpoint.progress.advance(entries: 1, bytes: 0)
                _ = entry
            }
            try reader.drain()
            try archive.proveEnd(&reader, feed)
            report.verdict = tableFault != nil ? .damaged : reader.sawEndOfArchive ? .noTable : .truncated
            if !reader.sawEndOfArchive { report.findings.append("it ends without the end of its tar stream") }
        } catch {
            guard error.code == .damaged || error.code == .truncated || error.code == .limitExceeded else {
                throw error
            }
            report.verdict = error.code == .truncated ? .truncated : .damaged
            if error.message != tableFault?.message { report.findings.append(error.message) }
        }
        report.validBytes = archive.place(ofContent: feed.consumedBytes ?? reader.offset)
        if report.archiveBytes == 0 { report.archiveBytes = report.validBytes }
        return report
    }
}
