internal import AsyncHTTPClient
internal import NIOCore
internal import StorageModel

/// A request under way, which ends when the user interrupts or the value goes.
final class RunningRequest {
    let collector: ResponseCollector
    private let task: HTTPClient.Task<Void>
    private let watch: RepeatedTask

    /// How soon an interruption is noticed.
    private static let pollInterval = TimeAmount.milliseconds(40)

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
        cancel()
        collector.abandon()
    }

    /// Has no effect on a request that has ended.
    func cancel() { task.fail(reason: HTTPClientError.cancelled) }
}
