internal import Backups
internal import FileTree
internal import Reports
public import StorageModel

/// Holds sources against the rules of an alert.
public enum UsageAlerts {
    /// - Parameters:
    ///   - measured: each source as it was measured, or why it could not be.
    ///   - store: whose history counts; `nil` where there is no store.
    ///   - backups: where archives of the sources lie; needed for rules on their age. The newest counts, wherever it is, and
    ///     one of several places may be away.
    ///   - since: how much of the history counts for growth and forecast.
    public static func check(
        _ measured: [(source: SourceReference, result: Result<UsageSample, StorageError>)], rules: AlertRules,
        store: Store?, backups: [String] = [], since: Timestamp? = nil, now: Timestamp = .now,
        checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [SourceAlerts] {
        let fresh =
            rules.backupAgeSeconds.isEmpty
            ? [:] : try newest(of: measured.map(\.source), in: backups, now: now, checkpoint: checkpoint)
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

    /// - Throws: the first failure, if no place can be read.
    private static func newest(
        of sources: [SourceReference], in places: [String], now: Timestamp, checkpoint: Checkpoint
    ) throws(StorageError) -> [String: SourceFreshness] {
        var result: [String: SourceFreshness] = [:]
        var failure: StorageError?
        for place in places {
            do throws(StorageError) {
                for found in try ArchiveFiles.freshness(of: place, sources: sources, now: now, checkpoint: checkpoint) {
                    if isNewer(found, than: result[found.source]) { result[found.source] = found }
                }
            } catch {
                if error.code == .interrupted { throw error }
                failure = failure ?? error
            }
        }
        if let failure, result.isEmpty { throw failure }
        return result
    }

    private static func isNewer(_ found: SourceFreshness, than known: SourceFreshness?) -> Bool {
        guard let known else { return true }
        guard let createdAt = found.createdAt else { return false }
        return known.createdAt.map { $0 < createdAt } ?? true
    }
}
