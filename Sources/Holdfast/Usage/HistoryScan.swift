public import StorageModel

/// Scans for commands that compare with the history.
public enum HistoryScan {
    /// What became of one source.
    public struct Outcome: Sendable {
        public let source: SourceReference
        public let result: Result<UsageReport, StorageError>
    }

    /// Scans sources one after the other, each with its tree.
    ///
    /// Memory: the tree, about 80 bytes for each entry.
    ///
    /// - Throws: ``StorageModel/StorageError/Code/interrupted``.
    public static func run(
        _ sources: [SourceReference], store: Store?, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [Outcome] {
        var outcomes: [Outcome] = []
        for source in sources {
            var request = UsageRequest(sources: [source])
            request.recordsTree = true
            let run = try UsageScans.run(request, store: store, checkpoint: checkpoint)
            try checkpoint.interruption.check()
            let result = Result { () throws(StorageError) -> UsageReport in
                if let report = run.reports.first { return report }
                throw run.failures.first
                    ?? StorageError(.notFound, object: source.description, "'\(source)' could not be scanned")
            }
            outcomes.append(Outcome(source: source, result: result))
        }
        return outcomes
    }
}
