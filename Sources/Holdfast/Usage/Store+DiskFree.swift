internal import Catalog
internal import FileTree
internal import Reports
public import StorageModel

extension Store {
    /// What takes the space of the store, what of it can be freed by which command, and what takes the rest of its file
    /// system.
    ///
    /// Changes nothing but the sizes that the catalog remembers, and prints as well where those cannot be written. Nothing is
    /// locked for long, and nothing is mounted but the bind of a volume that names a directory of the host. What is removed
    /// meanwhile is passed over.
    ///
    /// Cost: a walk over all volumes and containers; with ``DiskFreeRequest/maxAge`` and sizes that are new enough a few calls
    /// for each layer and volume, and one for each open file of the machine.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for a missing destination of backups.
    public func diskFree(
        _ request: DiskFreeRequest = DiskFreeRequest(), checkpoint: Checkpoint
    ) throws(StorageError) -> DiskFreeReport {
        var survey = DiskFreeSurvey(self, request, checkpoint)
        return DiskFreeAccounting.report(try survey.run())
    }

    /// What `prune` would free: ``diskFree(_:checkpoint:)``'s figures and nothing else.
    ///
    /// Only what nothing uses is measured, and of that what neither `reports` nor the catalog know well enough: volumes that
    /// were just scanned are not walked again, and what the scans found is remembered for the next `df --max-age`.
    ///
    /// - Parameters:
    ///   - reports: of scans that stayed on their file systems. Those that are partial do not count.
    ///   - maxAge: sizes that `df` or an earlier call measured no longer ago are taken as they are.
    public func reclaimableSpace(
        knowing reports: [UsageReport], maxAge: TimeSpan, checkpoint: Checkpoint
    ) throws(StorageError) -> ReclaimableSpace {
        var request = DiskFreeRequest(maxAge: maxAge)
        request.measuresReclaimableOnly = true
        for report in reports where !report.isPartial {
            guard case .volume(let name) = report.source else { continue }
            request.measured[name] = MeasuredSize(
                totals: report.totals, measuredAt: report.scannedAt, isRemembered: report.isRemembered)
        }
        return ReclaimableSpace(try diskFree(request, checkpoint: checkpoint))
    }
}
