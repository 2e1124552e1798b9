internal import Glibc
internal import StorageModel

/// Waiting on an ordinary thread.
enum Pause {
    private static let stepMilliseconds: Int64 = 25

    /// - Throws: ``StorageError/interrupted`` soon after the user interrupts.
    static func milliseconds(_ total: Int64, until interruption: Interruption) throws(StorageError) {
        let end = ContinuousClock.now + .milliseconds(total)
        while ContinuousClock.now < end {
            try interruption.check()
            usleep(UInt32(min(stepMilliseconds, max(total, 1)) * 1000))
        }
        try interruption.check()
    }
}
