internal import AsyncHTTPClient
internal import NIOCore
internal import StorageModel

/// A request under way, which ends when the user interrupts, or when the value goes: at once, or if the answer is all
/// but over in its own time, so that its connection serves the next one.
final class RunningRequest {
    let collector: ResponseCollector
    private let task: HTTPClient.Task<Void>
    private let watch: RepeatedTask

    /// How soon an interruption is noticed.
    private static let pollInterval = TimeAmount.milliseconds(40)
    /// How long the rest of an answer that nobody reads may take.
    private static let restInterval = TimeAmount.seconds(1)

    init(
        _ request: HTTPClient.Request, _ collector: ResponseCollector, by client: HTTPClient,
        until interruption: Interruption
    ) {
        self.collector = collector
        let task = client.execute(request: request, delegate: collector)
        self.task = task
        // The delegate is not told of every failure.
        task.futureResult.whenComplete { collector.end($0) }
        watch = task.eventLoop.scheduleRepeatedTask(initialDelay: Self.pollInterval, delay: Self.pollInterval) {
            watch in
            guard interruption.isRequested else { return }
            task.fail(reason: StorageError.interrupted)
            watch.cancel()
        }
    }

    deinit {
        watch.cancel()
        collector.abandon()
        guard collector.isNearlyOver else { return task.fail(reason: HTTPClientError.cancelled) }
        task.eventLoop.scheduleTask(in: Self.restInterval) { [task] in task.fail(reason: HTTPClientError.cancelled) }
    }
}
