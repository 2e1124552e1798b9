public import StorageModel

extension UsageScans {
    /// As ``run(_:store:checkpoint:)``, but what the history has of a source is taken for the scan if it is new enough.
    ///
    /// Only totals are remembered, and not what sources share: what they have together counts for each of them. Partial scans
    /// and those with a time after `now`, as after a clock that went back, do not count.
    ///
    /// - Parameters:
    ///   - request: for totals only.
    ///   - span: how old a scan may be.
    /// - Returns: reports that say of themselves whether they are remembered, in the order of the sources.
    public static func run(
        _ request: UsageRequest, remembering span: TimeSpan, in store: Store, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> UsageRunReport {
        let oldest = Timestamp.now.earlier(by: span)
        var remembered: [SourceReference: UsageReport] = [:]
        for source in request.sources {
            guard let sample = try store.lastUsage(of: source), !sample.isPartial, sample.scannedAt >= oldest else {
                continue
            }
            var report = UsageReport(source: source, totals: sample.totals, scannedAt: sample.scannedAt, seconds: 0)
            report.isRemembered = true
            remembered[source] = report
        }
        var rest = request
        rest.sources.removeAll { remembered[$0] != nil }
        var result =
            rest.sources.isEmpty ? UsageRunReport() : try run(rest, store: store, checkpoint: checkpoint)
        let scanned = Dictionary(result.reports.map { ($0.source, $0) }) { first, _ in first }
        result.reports = request.sources.compactMap { remembered[$0] ?? scanned[$0] }
        for report in remembered.values { result.sum.totals += report.totals }
        return result
    }
}
