package import FileTree
package import StorageModel

/// How fast bytes may go, and who may put an end to waiting for that.
package struct Pace: Sendable {
    private let limit: RateLimit?
    let interruption: Interruption

    package static let unlimited = Pace(nil, until: Interruption())

    package init(_ limit: RateLimit?, until interruption: Interruption) {
        self.limit = limit
        self.interruption = interruption
    }

    var isLimited: Bool { limit != nil }

    /// Waits until so many bytes may be moved, or until an interruption.
    package func take(_ bytes: UInt64) { limit?.take(bytes, until: interruption) }
}
