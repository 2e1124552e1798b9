internal import CLinux
internal import Glibc

/// A fixed number of threads that run jobs in the order in which they were submitted.
///
/// The engine is synchronous; its parallel work runs here, never on the threads of Swift's concurrency. Signals are
/// left to the other threads of the process, so that no job is interrupted.
package final class WorkerPool: Sendable {
    private struct State: Sendable {
        var jobs = Queue<@Sendable () -> Void>()
        var isClosed = false
        var threads: [pthread_t] = []
    }

    private let monitor = Monitor(State())

    /// One thread for each processor that this process may use (`sched_getaffinity(2)`).
    package static var defaultThreads: Int { max(1, Int(holdfast_processor_count())) }

    private static let stackBytes = 2 << 20

    package init(threads: Int) {
        precondition(threads > 0, "a pool needs a thread")
        var blocked = sigset_t()
        var before = sigset_t()
        sigfillset(&blocked)
        pthread_sigmask(SIG_SETMASK, &blocked, &before)
        for _ in 0..<threads { start() }
        pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    /// Runs `job` on one of the threads as soon as one is free. Does not wait; bound the number of jobs elsewhere.
    package func submit(_ job: @escaping @Sendable () -> Void) {
        #if FAULT_SEAM
        if let plan = FaultPlan.current {
            monitor.update { $0.jobs.push { FaultPlan.$current.withValue(plan, operation: job) } }
            return
        }
        #endif
        monitor.update { $0.jobs.push(job) }
    }

    /// Waits until all jobs are done and the threads have ended. May be called again without effect, never by a job.
    package func finish() {
        let threads = monitor.update { state in
            state.isClosed = true
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { pthread_join(thread, nil) }
    }

    deinit { finish() }

    private func start() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        defer { pthread_attr_destroy(&attributes) }
        let context = Unmanaged.passRetained(monitor).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                WorkerPool.run(Unmanaged<Monitor<State>>.fromOpaque(context).takeRetainedValue())
                return nil
            }, context)
        guard result == 0 else {
            // Without a single thread no job would ever run; the system is out of threads or memory.
            Unmanaged<Monitor<State>>.fromOpaque(context).release()
            precondition(monitor.update { !$0.threads.isEmpty }, "no thread can be started: errno \(result)")
            return
        }
        monitor.update { $0.threads.append(thread) }
    }

    private static func run(_ monitor: Monitor<State>) {
        while true {
            let job: (@Sendable () -> Void)? = monitor.wait { state in
                if let job = state.jobs.pop() { return .some(job) }
                return state.isClosed ? .some(nil) : nil
            }
            guard let job else { return }
            job()
        }
    }
}
