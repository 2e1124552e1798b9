internal import FileTree
internal import Jobs
public import StorageModel

/// One run of a job: archives of all its sources, copies of them, retention, checks, and what tells of it.
///
/// A source that fails keeps no other from being backed up, and a destination that fails keeps no other from getting its archives.
/// One run of a job at a time: the lock ends with its process. What a run came to is in the job's history, on disk, when it
/// returns; a run that is killed leaves no trace there, and nothing that hinders the next one.
public struct JobRun: Sendable {
    public struct Options: Sendable {
        /// Whether to wait for another run of the job to end.
        public var waits = false
        /// Put off at random by at most so long.
        public var splaySeconds: Int64 = 0
        /// Stopped after so long; `nil` for what the job says.
        public var maxSeconds: Int64?
        /// Whether missing markers are made in the destinations.
        public var initializesDestinations = false

        public init() {}
    }

    private let job: Job
    private let options: Options
    private let root: String

    /// - Parameter root: the store's directory; `nil` for the default.
    public init(_ job: Job, root: String? = nil, options: Options = Options()) throws(StorageError) {
        self.job = job
        self.options = options
        self.root = try StoreLocation.resolve(root)
    }

    /// - Returns: what became of it; a failure is no error.
    /// - Throws: ``StorageError/Code/inUse`` while another process runs the job, ``StorageError/interrupted`` while it waits.
    public func run(_ checkpoint: Checkpoint) throws(StorageError) -> JobReport {
        try waitForTurn(checkpoint.interruption)
        let state = JobState(job.name, in: root)
        let lock = try JobLock.take(state, waits: options.waits, until: checkpoint.interruption)
        let start = ContinuousClock.now
        var report = JobReport(job: job.name, startedAt: .now)
        let stop = JobStop(after: options.maxSeconds ?? job.maxSeconds, or: checkpoint.interruption)
        report = withPriority { [report] in
            var work = JobWork(
                job, root: root, report, initializes: options.initializesDestinations,
                Checkpoint(progress: checkpoint.progress, interruption: stop.interruption))
            return work.perform()
        }
        stop.finish()
        report.hasTimedOut = stop.hasTimedOut
        report.isInterrupted = checkpoint.interruption.isRequested
        report.seconds = start.duration(to: .now).secondsValue
        conclude(&report, state, checkpoint.interruption)
        lock.release()
        return report
    }

    private func waitForTurn(_ interruption: Interruption) throws(StorageError) {
        guard options.splaySeconds > 0 else { return }
        let milliseconds = Int64.random(in: 0...(options.splaySeconds * 1000))
        guard Pause.until(.now + .milliseconds(milliseconds), interruption) else { throw .interrupted }
    }

    /// Does the work on a thread of its own where it has a priority of its own, because threads and processes inherit that from
    /// whoever starts them, and it cannot be given back.
    private func withPriority(_ body: @escaping @Sendable () -> JobReport) -> JobReport {
        let limits = job.limits
        guard limits.isIdleIO || limits.niceness > 0 else { return body() }
        let monitor = Monitor<JobReport?>(nil)
        let pool = WorkerPool(threads: 1)
        pool.submit {
            var refusals: [String] = []
            do throws(FileError) {
                if limits.niceness > 0 { try ThreadPriority.lower(by: limits.niceness) }
                if limits.isIdleIO { try ThreadPriority.setIdleIO() }
            } catch {
                refusals.append("the priority of the job cannot be lowered: \(error.description)")
            }
            var report = body()
            report.warnings += refusals
            monitor.update { [report] in $0 = report }
        }
        let report = monitor.wait { $0 }
        pool.finish()
        return report
    }

    /// Writes the history, then the metrics, then tells people: each whatever becomes of the others.
    private func conclude(_ report: inout JobReport, _ state: JobState, _ interruption: Interruption) {
        var history: JobHistory?
        do throws(StorageError) {
            history = try JobHistory(of: state)
            try history?.append(report)
        } catch {
            report.errors.append(error.message)
        }
        let before = report.warnings.count
        if let path = job.metricsFile, let history {
            do throws(StorageError) { try MetricsFile.write(JobMetrics.families(history), to: path) } catch {
                report.warnings.append(error.message)
            }
        }
        // Somebody who interrupts does not want to wait for a server that does not answer.
        let isInterrupted = interruption.isRequested
        let stop = JobStop(after: isInterrupted ? 10 : nil, or: isInterrupted ? Interruption() : interruption)
        report.warnings += JobNotifier(report).tell(job.notifications, until: stop.interruption)
        stop.finish()
        // That nobody could be told is in the report that the command prints; that the history lacks it is all that is lost here.
        if report.warnings.count > before { try? history?.replaceLast(report) }
    }
}

extension Duration {
    fileprivate var secondsValue: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

extension JobRun {
    /// Makes the missing markers in a job's destinations, so that the job uses them from now on.
    ///
    /// - Returns: the destinations that have got one.
    /// - Throws: ``StorageError/Code/conflict`` for a destination that must be mounted and is not.
    public static func initializeDestinations(of job: Job) throws(StorageError) -> [String] {
        var made: [String] = []
        for destination in job.destinations where try GuardedDestination.initialize(destination) {
            made.append(destination.path)
        }
        return made
    }
}
