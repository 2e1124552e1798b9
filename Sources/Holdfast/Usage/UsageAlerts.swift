internal import Backups
internal import FileTree
internal import Reports
public import StorageModel

/// Holds sources against the rules of an alert.
public enum UsageAlerts {
    /// - Parameters:
    ///   - measured: each source as it was measured, or why it could not be.
    ///   - store: whose history counts; `nil` where there is no store.
    ///   - backups: where archives of the sources lie; needed for rules on their age.
    ///   - since: how much of the history counts for growth and forecast.
    public static func check(
        _ measured: [(source: SourceReference, result: Result<UsageSample, StorageError>)], rules: AlertRules,
        store: Store?, backups: String? = nil, since: Timestamp? = nil, now: Timestamp = .now,
        checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [SourceAlerts] {
        var fresh: [String: SourceFreshness] = [:]
        if let backups, !rules.backupAgeSeconds.isEmpty {
            let found = try ArchiveFiles.freshness(
                of: backups, sources: measured.map(\.source), now: now, checkpoint: checkpoint)
            for freshness in found { fresh[freshness.source] = freshness }
        }
        var result: [SourceAlerts] = []
        for (source, outcome) in measured {
            switch outcome {
            case .failure(let error): result.append(SourceAlerts(source, failure: error))
            case .success(let sample):
                let series = try store?.usageHistory(of: [source], since: since, now: now).first
                result.append(
                    SourceAlerts(
                        source, sample, series: series, backup: fresh[source.description], rules: rules))
            }
        }
        return result
    }
}
