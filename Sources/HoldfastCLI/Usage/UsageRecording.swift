internal import Holdfast
internal import StorageModel

// The history as commands keep and read it: that it cannot be done, as on a full disk or in a read-only store, is a warning,
// for the report is as good as before.
extension Console {
    /// Adds scans to the history, but those that came out of it.
    func record(_ reports: [UsageReport], in store: Store) {
        let made = reports.filter { !$0.isRemembered }
        if made.isEmpty { return }
        do throws(StorageError) {
            try store.recordUsage(made)
        } catch {
            mention("the history was not kept: \(error.message)")
            note(.warnings)
        }
    }

    /// The history, or a warning and none.
    func history(of sources: [SourceReference], in store: Store) -> [UsageSeries] {
        do throws(StorageError) {
            return try store.usageHistory(of: sources)
        } catch {
            mention("the history cannot be read: \(error.message)")
            note(.warnings)
            return []
        }
    }

    /// What pruning would free, by kind; what could not be found out is told, and missing.
    func reclaimable(
        knowing reports: [UsageReport], within maxAge: TimeSpan, in store: Store
    ) -> [String: UInt64] {
        do throws(StorageError) {
            let space = try store.reclaimableSpace(knowing: reports, maxAge: maxAge, checkpoint: checkpoint)
            for failure in space.failures { mention(failure.message) }
            if !space.failures.isEmpty { note(.warnings) }
            return space.bytesByKind
        } catch {
            // Whoever ended the scan is told so already.
            if error.code != .interrupted {
                mention("what pruning would free is not known: \(error.message)")
                note(.warnings)
            }
            return [:]
        }
    }
}
