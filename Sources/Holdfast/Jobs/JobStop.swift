internal import FileTree
internal import StorageModel
internal import Synchronization

/// Stops a run when somebody interrupts it, or when its time is over, and remembers which.
final class JobStop: Sendable {
    /// What the run looks at.
    let interruption = Interruption()
    private let pool = WorkerPool(threads: 1)
    private let isOver = Atomic<Bool>(false)
    private let isLate = Atomic<Bool>(false)

    private static let pause = Duration.milliseconds(20)

    /// - Parameters:
    ///   - seconds: how long it may take; `nil` for any time.
    ///   - outer: what interrupts it from outside.
    init(after seconds: Int64?, or outer: Interruption) {
        let deadline = seconds.map { ContinuousClock.now + .seconds($0) }
        if outer.isRequested { interruption.request() }
        pool.submit { [self] in
            while !isOver.load(ordering: .relaxed) {
                if let deadline, ContinuousClock.now >= deadline {
                    isLate.store(true, ordering: .relaxed)
                    return interruption.request()
                }
                if outer.isRequested { return interruption.request() }
                Pause.until(.now + Self.pause, Interruption())
            }
        }
    }

    /// Whether the time was over before the run was.
    var hasTimedOut: Bool { isLate.load(ordering: .relaxed) }

    /// Ends the watch. Call in every case.
    func finish() {
        isOver.store(true, ordering: .relaxed)
        pool.finish()
    }
}
