internal import FileTree
package import StorageModel

/// Jobs on a few threads, in no order, with a bound on how many wait. The first failure stops the rest.
package final class JobGroup: Sendable {
    private struct State: Sendable {
        var pending = 0
        var failure: StorageError?
    }

    private let monitor = Monitor(State())
    private let pool: WorkerPool
    private let depth: Int

    package init(threads: Int, depth: Int) {
        pool = WorkerPool(threads: threads)
        self.depth = depth
    }

    /// Runs `job` soon; waits while `depth` jobs are pending.
    ///
    /// - Throws: the failure of an earlier job.
    package func submit(_ job: @escaping @Sendable () throws(StorageError) -> Void) throws(StorageError) {
        let limit = depth
        let failure: StorageError?? = monitor.wait { state in
            if let failure = state.failure { return .some(failure) }
            guard state.pending < limit else { return nil }
            state.pending += 1
            return .some(nil)
        }
        if case .some(.some(let error)) = failure { throw error }
        pool.submit { [monitor] in
            do throws(StorageError) {
                // After a failure the remaining jobs only count down.
                if monitor.update({ $0.failure == nil }) { try job() }
                monitor.update { $0.pending -= 1 }
            } catch {
                monitor.update {
                    $0.pending -= 1
                    $0.failure = $0.failure ?? error
                }
            }
        }
    }

    /// Waits until no job is pending.
    package func drain() throws(StorageError) {
        let failure: StorageError?? = monitor.wait { state in
            state.pending == 0 ? .some(state.failure) : nil
        }
        if case .some(.some(let error)) = failure { throw error }
    }

    /// Ends the threads, after the pending jobs.
    package func finish() { pool.finish() }
}
