internal import FileTree
internal import StorageModel

/// An asynchronous operation that an ordinary thread waits for: the only bridge between the two worlds.
///
/// The operation runs on Swift's global executor and is cancelled when the user interrupts, or by ``cancel()``.
final class PendingCall<Value: Sendable>: Sendable {
    private let outcome: Monitor<Result<Value, any Error>?>
    private let task: Task<Void, Never>

    /// How soon an interruption is noticed.
    private static var pollInterval: Duration { .milliseconds(40) }

    init(until interruption: Interruption, _ operation: @escaping @Sendable () async throws -> Value) {
        let outcome = Monitor<Result<Value, any Error>?>(nil)
        self.outcome = outcome
        task = Task {
            let result: Result<Value, any Error>
            do {
                result = .success(try await Self.race(operation, interruption))
            } catch {
                result = .failure(error)
            }
            outcome.update { $0 = result }
        }
    }

    deinit { task.cancel() }

    func cancel() { task.cancel() }

    /// Waits for the end. Never call it from a task.
    func wait() -> Result<Value, any Error> { outcome.wait { $0 } }

    private static func race(
        _ operation: @escaping @Sendable () async throws -> Value, _ interruption: Interruption
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                while !interruption.isRequested { try await Task.sleep(for: pollInterval) }
                throw StorageError.interrupted
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
