package import StorageModel

/// Keeps several threads together below a number of bytes a second.
///
/// A bucket of tokens that holds a quarter of a second's worth: what was not used before that is lost. Whoever takes waits until all
/// is paid for, so that no stretch of time sees more than the limit and a bucket.
package final class RateLimit: Sendable {
    private let bytesPerSecond: Double
    /// When everything that was taken so far has been paid for.
    private let paidAt: Monitor<ContinuousClock.Instant>

    private static let bucketSeconds = 0.25

    package init(bytesPerSecond: UInt64) {
        self.bytesPerSecond = Double(max(1, bytesPerSecond))
        paidAt = Monitor(.now)
    }

    /// - Returns: `nil` for no limit.
    package convenience init?(_ bytesPerSecond: UInt64?) {
        guard let bytesPerSecond else { return nil }
        self.init(bytesPerSecond: bytesPerSecond)
    }

    /// Waits until so many bytes may be moved. Returns at once after an interruption, which the caller's next check finds.
    package func take(_ bytes: UInt64, until interruption: Interruption) {
        let price = Duration.seconds(Double(bytes) / bytesPerSecond)
        let turn = paidAt.update { paidAt in
            // Nobody saves up more than a bucket.
            let start = max(paidAt, .now - .seconds(Self.bucketSeconds))
            paidAt = start + price
            return paidAt
        }
        Pause.until(turn, interruption)
    }
}

/// Waiting that ends with an interruption.
package enum Pause {
    private static let stepMicroseconds: Int64 = 50_000

    /// - Returns: whether the time has come; `false` after an interruption.
    @discardableResult
    package static func until(_ time: ContinuousClock.Instant, _ interruption: Interruption) -> Bool {
        while !interruption.isRequested {
            let left = ContinuousClock.now.duration(to: time)
            guard left > .zero else { return true }
            let (seconds, attoseconds) = left.components
            let microseconds = seconds > 0 ? stepMicroseconds : attoseconds / 1_000_000_000_000
            rest(microseconds: min(stepMicroseconds, max(1, microseconds)))
        }
        return false
    }
}
