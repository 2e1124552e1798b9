internal import Holdfast
internal import StorageModel

/// What the first scan of a watch found: the later ones are told against it.
struct UsageBaseline {
    private let startedAt = Timestamp.now
    private let allocatedBytes: [String: UInt64]
    private let sumBytes: UInt64

    init(_ run: UsageRunReport) {
        allocatedBytes = Dictionary(run.reports.map { ($0.source.description, $0.totals.allocatedBytes) }) { first, _ in
            first
        }
        sumBytes = run.sum.totals.allocatedBytes
    }

    /// How many bytes a source has more than it had at first.
    func growth(of report: UsageReport) -> Int64 {
        let before = allocatedBytes[report.source.description] ?? 0
        return Int64(clamping: report.totals.allocatedBytes) - Int64(clamping: before)
    }

    func growth(of run: UsageRunReport) -> Int64 {
        Int64(clamping: run.sum.totals.allocatedBytes) - Int64(clamping: sumBytes)
    }

    func heading(everySeconds seconds: Int) -> String {
        let watched = durationText(seconds: Double(max(0, Timestamp.now.seconds - startedAt.seconds)))
        return "watching for \(watched), every \(durationText(seconds: Double(seconds))); Ctrl-C ends\n\n"
    }
}
