internal import Backups
internal import Jobs
internal import StorageModel

// A destination that could not be used for a while gets the archives of that time from the others.
extension JobWork {
    /// The last step of a run: if its time is over meanwhile, only old archives have to wait for the next one.
    mutating func catchUp() {
        for destination in destinations {
            for source in served[destination.destination.path] ?? [] {
                if checkpoint.interruption.isRequested { return }
                catchUp(source, at: destination)
            }
        }
    }

    private mutating func catchUp(_ source: SourceReference, at guarded: GuardedDestination) {
        let path = guarded.destination.path
        let others = destinations.filter { $0 !== guarded && served[$0.destination.path]?.contains(source) == true }
        guard !others.isEmpty else { return }
        var row = JobCatchUpReport(source: source.description, destination: path)
        do throws(StorageError) {
            let missing = try missing(source, at: guarded, others)
            row.missing = UInt64(missing.count)
            try copy(missing, source, to: guarded, &row)
        } catch {
            if error.code != .interrupted {
                report.warnings.append("'\(path.printable())' lacks older archives of \(source): \(Self.text(error))")
            }
        }
        if row.missing > 0 { report.caughtUp.append(row) }
    }

    private func missing(
        _ source: SourceReference, at guarded: GuardedDestination, _ others: [GuardedDestination]
    ) throws(StorageError) -> [MissingArchives.Found] {
        for destination in [guarded] + others { try destination.check() }
        let retention = guarded.destination.retention
        let zone = try retention?.zoneName.map { name throws(StorageError) in try TimeZones.named(name) }
        return try MissingArchives(
            of: source, at: guarded.destination.path, others: others.map(\.destination.path), checkpoint: checkpoint
        ).find(retention?.policy, zone: zone)
    }

    /// One that fails keeps no other from being copied, unless the disk is full.
    ///
    /// - Throws: the first failure.
    private func copy(
        _ archives: [MissingArchives.Found], _ source: SourceReference, to guarded: GuardedDestination,
        _ row: inout JobCatchUpReport
    ) throws(StorageError) {
        var failure: StorageError?
        for archive in archives {
            do throws(StorageError) {
                try checkpoint.interruption.check()
                try guarded.check()
                _ = try ArchiveCopy(
                    of: archive.path, source: source, limits: job.limits, checkpoint: checkpoint
                ).make(below: guarded.destination.path)
            } catch {
                if error.code == .interrupted || error.code == .noSpace { throw error }
                failure = failure ?? error
                continue
            }
            row.copied += 1
            row.copiedBytes += archive.sizeBytes
        }
        if let failure { throw failure }
    }
}
