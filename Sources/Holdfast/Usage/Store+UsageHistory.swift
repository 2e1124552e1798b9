internal import Catalog
internal import Reports
public import StorageModel

extension Store {
    /// Adds what scans found to the history, and thins what is old (``Catalog``'s rules; the page *UsageHistory*).
    ///
    /// One transaction for all; it is on disk when this returns. Other processes may do the same at the same time. The largest
    /// directories are kept of reports that have a tree. Sources that are volumes of the store and were removed meanwhile are
    /// left out.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/noSpace``, ``StorageModel/StorageError/Code/permissionDenied`` for a store that cannot be written: nothing
    ///   is recorded then, and the reports are as good as before.
    public func recordUsage(_ reports: [UsageReport], now: Timestamp = .now) throws(StorageError) {
        let entries = reports.map { report in
            (
                source: report.source, sample: UsageSample(report),
                // What was not seen to its end would look as if it had shrunk.
                directories: report.isPartial
                    ? nil : report.tree.map { DirectoryList($0, totals: $0.totals()).encoded() }
            )
        }
        try catalog.transaction { transaction throws(StorageError) in
            for entry in entries {
                try transaction.record(entry.sample, of: entry.source, directories: entry.directories, now: now)
            }
        }
    }

    /// The history of sources, the oldest sample first, with the trends that follow from it.
    ///
    /// - Parameters:
    ///   - sources: in the order of the result; empty for all that have a history.
    ///   - since: older samples are left out, and do not count for trends.
    /// - Returns: without those that have no sample.
    public func usageHistory(
        of sources: [SourceReference] = [], since: Timestamp? = nil, now: Timestamp = .now
    ) throws(StorageError) -> [UsageSeries] {
        try catalog.read { transaction throws(StorageError) in
            let wanted = sources.isEmpty ? try transaction.usageSources() : sources
            var result: [UsageSeries] = []
            for source in wanted {
                let series = UsageSeries(
                    source, recorded: try transaction.usageSamples(of: source), since: since, now: now)
                if !series.samples.isEmpty { result.append(series) }
            }
            return result
        }
    }

    /// The newest sample of a source whose time can be right; `nil` if there is none.
    public func lastUsage(of source: SourceReference, now: Timestamp = .now) throws(StorageError) -> UsageSample? {
        try usageHistory(of: [source], now: now).first?.samples.last { !$0.isOutOfOrder }
    }

    /// What grew, shrank, appeared and vanished in a source since an earlier scan.
    ///
    /// - Parameters:
    ///   - report: of a scan just made, with its tree. It should not be in the history yet.
    ///   - since: the last scan at or before this time counts, else the first after it; `nil` for the last scan.
    /// - Throws: ``StorageModel/StorageError/Code/notFound`` if no scan with directories is in the history,
    ///   ``StorageModel/StorageError/Code/invalidInput`` for a report without a tree.
    public func usageDifference(
        _ report: UsageReport, since: Timestamp? = nil
    ) throws(StorageError) -> UsageDifference {
        let shown = report.source.description.printable(limit: 200)
        guard let tree = report.tree else {
            throw StorageError(.invalidInput, object: shown, "the scan of '\(shown)' did not keep its tree")
        }
        let kept = try catalog.read { transaction throws(StorageError) in
            try transaction.usageDirectories(of: report.source, at: since ?? report.scannedAt)
        }
        guard let kept else {
            throw StorageError(
                .notFound, object: shown, "no earlier scan of '\(shown)' is in the history",
                hint: "one is recorded by each diff, and by --top, --depth and --html; a later diff compares with it")
        }
        guard let list = DirectoryList(decoding: kept.encoded) else {
            throw StorageError(
                .damaged, object: shown, "the directories of '\(shown)' as of \(kept.sample.scannedAt) cannot be read",
                hint: "compare with another time (--since)")
        }
        return UsageDifference(
            report.source, before: kept.sample, list, after: UsageSample(report), tree)
    }
}
