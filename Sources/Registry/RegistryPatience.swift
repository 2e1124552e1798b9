/// How long to wait for a registry, and how often to try again.
package struct RegistryPatience: Sendable {
    /// The most for making a connection.
    package var connectMilliseconds: Int64 = 15_000
    /// The most without a byte of the answer.
    package var idleMilliseconds: Int64 = 60_000
    /// How often the same thing is tried in a row without getting further.
    package var attempts = 5
    /// The pause before the second attempt; it doubles with each further one.
    package var firstPauseMilliseconds: Int64 = 250
    /// The longest pause, and the longest `Retry-After` that is waited for.
    package var longestPauseMilliseconds: Int64 = 30_000
    /// The most for a credential helper.
    package var helperMilliseconds: Int64 = 30_000

    package init() {}

    /// The pause after so many failures in a row, at least one.
    func pauseMilliseconds(afterFailures failures: Int) -> Int64 {
        min(longestPauseMilliseconds, firstPauseMilliseconds << Int64(min(failures - 1, 12)))
    }
}
