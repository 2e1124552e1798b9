internal import FileTree
internal import StorageModel

/// Work done by several threads whose results come out in the order in which it went in.
///
/// Bounded: at most `depth` pieces are between ``submit(_:)`` and ``next()``, so a fast producer waits for a slow
/// consumer. The first failure, of a worker or told by ``fail(_:)``, ends everything: both sides get it thrown.
final class OrderedPipeline<Input: Sendable, Output: Sendable>: Sendable {
    private struct State: Sendable {
        var waiting = Queue<(ordinal: Int, input: Input)>()
        var done: [Int: Output] = [:]
        var submitted = 0
        var taken = 0
        var isClosed = false
        var failure: StorageError?
    }

    typealias Work = (Input) throws(StorageError) -> Output

    private let monitor = Monitor(State())
    private let depth: Int
    private let pool: WorkerPool

    /// - Parameter makeWork: called once on each thread; what it returns stays on that thread and may own its buffers.
    init(threads: Int, depth: Int, makeWork: @escaping @Sendable () throws(StorageError) -> Work) {
        self.depth = depth
        pool = WorkerPool(threads: threads)
        for _ in 0..<threads {
            pool.submit { [monitor] in
                do throws(StorageError) {
                    let work = try makeWork()
                    while let (ordinal, input) = Self.take(monitor) {
                        let output = try work(input)
                        monitor.update { $0.done[ordinal] = output }
                    }
                } catch {
                    monitor.update { $0.failure = $0.failure ?? error }
                }
            }
        }
    }

    private static func take(_ monitor: Monitor<State>) -> (ordinal: Int, input: Input)? {
        monitor.wait { state in
            if state.failure != nil { return .some(nil) }
            if let next = state.waiting.pop() { return .some(next) }
            return state.isClosed ? .some(nil) : nil
        }
    }

    /// Hands in the next piece; waits while `depth` are under way.
    func submit(_ input: Input) throws(StorageError) {
        let failure: StorageError?? = monitor.wait { [depth] state in
            if let failure = state.failure { return .some(failure) }
            guard state.submitted - state.taken < depth else { return nil }
            state.waiting.push((state.submitted, input))
            state.submitted += 1
            return .some(nil)
        }
        if case .some(.some(let error)) = failure { throw error }
    }

    /// No more pieces come.
    func close() { monitor.update { $0.isClosed = true } }

    /// Ends everything with `error`, unless it failed before.
    func fail(_ error: StorageError) { monitor.update { $0.failure = $0.failure ?? error } }

    /// The next result in order; `nil` when all are taken and the pipeline is closed.
    func next() throws(StorageError) -> Output? {
        let result: Result<Output?, StorageError> = monitor.wait { state in
            if let failure = state.failure { return .failure(failure) }
            if let output = state.done.removeValue(forKey: state.taken) {
                state.taken += 1
                return .success(output)
            }
            return state.isClosed && state.taken == state.submitted ? .success(nil) : nil
        }
        return try result.get()
    }

    /// Waits for the threads. Call after ``close()`` or ``fail(_:)``.
    func finish() { pool.finish() }
}
