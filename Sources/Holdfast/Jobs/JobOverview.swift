internal import Jobs
public import StorageModel

/// How a job stands: what its last runs came to, and when the next one is.
public struct JobOverview: Sendable {
    public let job: Job
    /// As it was found.
    public let file: String
    public let lastRun: JobReport?
    public let lastSuccessAt: Timestamp?
    /// `nil` without a schedule, and for one that only systemd understands where systemd is not installed. By the schedule
    /// alone: whether the job is installed is not looked at.
    public let nextRunAt: Timestamp?
    /// The sizes of the archives of the last runs that were no failures, the oldest first.
    public let sizesBytes: [UInt64]

    private static let trendRuns = 12

    /// - Parameter root: the store's directory; `nil` for the default.
    public init(of job: Job, file: String, root: String? = nil, now: Timestamp = .now) throws(StorageError) {
        let history = try JobHistory(of: JobState(job.name, in: try StoreLocation.resolve(root)))
        (self.job, self.file) = (job, file)
        lastRun = history.last
        lastSuccessAt = history.lastSuccess?.startedAt
        sizesBytes = history.reports.filter { $0.outcome != .failure }.suffix(Self.trendRuns).map(\.archiveBytes)
        nextRunAt = try job.schedule.flatMap { schedule throws(StorageError) in try Self.next(schedule, now) }
    }

    /// By how much the archives grow from run to run, on the average of those that are shown; `nil` for fewer than two.
    public var growthBytesPerRun: Int64? {
        guard let first = sizesBytes.first, let last = sizesBytes.last, sizesBytes.count > 1 else { return nil }
        return (Int64(clamping: last) - Int64(clamping: first)) / Int64(sizesBytes.count - 1)
    }

    private static func next(_ schedule: JobSchedule, _ now: Timestamp) throws(StorageError) -> Timestamp? {
        switch schedule.rule {
        case .cron(let expression):
            return expression.next(after: now, in: try TimeZones.named(schedule.zoneName ?? "local"))
        case .calendar:
            return try schedule.calendarEvents.first.flatMap { event throws(StorageError) in
                try CalendarEvents.next(event, after: now)
            }
        }
    }
}
