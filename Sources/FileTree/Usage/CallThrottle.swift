internal import Glibc
internal import StorageModel
internal import Synchronization

/// Holds several threads together to so many system calls a second, by letting them sleep.
final class CallThrottle: Sendable {
    private let callsPerSecond: Double
    private let interruption: Interruption
    private let start = ContinuousClock.now
    private let calls = Atomic<Int>(0)

    init(callsPerSecond: Int, _ interruption: Interruption) {
        self.callsPerSecond = Double(callsPerSecond)
        self.interruption = interruption
    }

    /// Counts one call, and sleeps if they were too many so far. An interruption is noticed within a tenth of a second.
    func spend() {
        let count = calls.add(1, ordering: .relaxed).newValue
        let due = start + .nanoseconds(Int64(Double(count) / callsPerSecond * 1e9))
        while !interruption.isRequested {
            let wait = ContinuousClock.now.duration(to: due).components
            guard wait.seconds > 0 || wait.attoseconds > 0 && wait.seconds == 0 else { return }
            let microseconds = wait.seconds > 0 ? 100_000 : min(100_000, wait.attoseconds / 1_000_000_000_000)
            // Shorter sleeps than a clock tick of the scheduler are not worth their call: the next ones catch up.
            if microseconds < 200 { return }
            usleep(UInt32(microseconds))
        }
    }
}
