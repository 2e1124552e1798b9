package import StorageModel

/// The metrics of a job after its last run.
package enum JobMetrics {
    /// - Parameter history: of which the newest run is told, and of earlier ones what a failed run does not change.
    package static func families(_ history: JobHistory) -> [MetricFamily] {
        guard let last = history.last else { return [] }
        let job = MetricFamily.Label("job", last.job.rawValue)
        let whole = { (name: String, help: String, value: MetricFamily.Value) in
            MetricFamily("holdfast_job_\(name)", help, [.init([job], value)])
        }
        let each = { (name: String, help: String, value: (JobSourceReport) -> MetricFamily.Value) in
            MetricFamily(
                "holdfast_backup_\(name)", help,
                last.sources.map { .init([job, .init("source", $0.source)], value($0)) })
        }
        return [
            whole(
                "last_success_timestamp_seconds", "When the last run that was no failure began, 0 for never",
                .time(history.lastSuccess?.startedAt)),
            whole("last_run_timestamp_seconds", "When the last run began", .time(last.startedAt)),
            whole("duration_seconds", "How long the last run took", .number(last.seconds)),
            whole("success", "Whether the last run was no failure", .flag(last.outcome != .failure)),
            whole("warnings", "How many warnings the last run had", .count(warnings(last))),
            whole(
                "removed_archives", "How many archives the last run removed by the policy", .count(last.removedArchives)
            ),
            whole("damaged_archives", "How many archives the last check found damaged", .count(last.damagedArchives)),
            each("last_success_timestamp_seconds", "When the last backup that succeeded began, 0 for never") {
                .time(history.lastSuccess(of: $0.source))
            },
            each("last_run_timestamp_seconds", "When the last backup began, whatever became of it") { _ in
                .time(last.startedAt)
            },
            each("duration_seconds", "How long the last backup took") { .number($0.seconds) },
            each("size_bytes", "The size of the newest archive") { .count($0.archiveBytes) },
            each("source_bytes", "How much data the last backup found") { .count($0.sourceBytes) },
            each("reused_bytes", "How much of the archive was taken from the one before") { .count($0.reusedBytes) },
            each("entries", "How many files and directories the archive has") { .count($0.entries) },
            each("warnings", "How many warnings the last backup had") { .count($0.warningCount) },
            each("success", "Whether the last backup made an archive or found nothing changed") {
                .flag($0.outcome != .failure)
            },
        ] + copies(history, last, job)
    }

    private static func copies(
        _ history: JobHistory, _ last: JobReport, _ job: MetricFamily.Label
    ) -> [MetricFamily] {
        let samples = { (value: (JobSourceReport, JobCopyReport) -> MetricFamily.Value) in
            last.sources.flatMap { source in
                source.copies.map { copy in
                    MetricFamily.Sample(
                        [job, .init("source", source.source), .init("destination", copy.destination)],
                        value(source, copy))
                }
            }
        }
        return [
            MetricFamily(
                "holdfast_backup_copy_last_success_timestamp_seconds",
                "When the last run with a copy there began, 0 for never",
                samples { .time(history.lastCopy(of: $0.source, to: $1.destination)) }),
            MetricFamily(
                "holdfast_backup_copy_success", "Whether the last run made a copy there",
                samples { .flag($1.error == nil) }),
        ]
    }

    private static func warnings(_ report: JobReport) -> UInt64 {
        report.sources.reduce(UInt64(report.warnings.count)) { $0 + $1.warningCount }
    }
}
