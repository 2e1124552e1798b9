package import StorageModel

/// Work that several threads share and that finds more work: the latest found is done first, so that few pieces wait.
///
/// The first failure ends it for all.
package final class WorkStack<Work: Sendable>: Sendable {
    private struct State: Sendable {
        var waiting: [Work] = []
        var busy = 0
        var failure: StorageError?
    }

    private let monitor = Monitor(State())

    package init() {}

    /// Adds work before the threads begin.
    package func push(_ work: [Work]) { monitor.update { $0.waiting.append(contentsOf: work) } }

    /// Does work until none is left and no other thread can find more. Call on each thread.
    ///
    /// - Parameter body: does one piece and appends what it finds, what is to be done first last.
    package func work(_ body: (Work, inout [Work]) throws(StorageError) -> Void) {
        var found: [Work] = []
        while let work = take() {
            var failure: StorageError?
            do throws(StorageError) { try body(work, &found) } catch { failure = error }
            monitor.update { state in
                state.busy -= 1
                if let failure {
                    state.failure = state.failure ?? failure
                    state.waiting = []
                } else if state.failure == nil {
                    state.waiting.append(contentsOf: found)
                }
            }
            found.removeAll(keepingCapacity: true)
        }
    }

    /// The first failure.
    package var failure: StorageError? { monitor.update { $0.failure } }

    private func take() -> Work? {
        monitor.wait { state in
            if let work = state.waiting.popLast() {
                state.busy += 1
                return .some(work)
            }
            return state.busy == 0 ? .some(nil) : nil
        }
    }
}
