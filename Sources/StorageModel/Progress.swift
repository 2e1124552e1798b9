internal import Synchronization

/// Receives how far a long operation is. Called from several threads; must return at once.
public protocol ProgressSink: Sendable {
    /// A new phase begins. `totalBytes` and `totalEntries` are estimates, `nil` if unknown.
    func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?)
    /// Whether somebody looks: only then is it worth finding out how much there is to do.
    var wantsTotals: Bool { get }
    /// How much there is to do altogether, found out meanwhile.
    func expect(totalEntries: UInt64, totalBytes: UInt64)
    /// So much more is done.
    func advance(entries: UInt64, bytes: UInt64)
    /// Something was skipped or changed; the operation goes on.
    func warn(_ message: String)
}

extension ProgressSink {
    public var wantsTotals: Bool { false }
    public func expect(totalEntries: UInt64, totalBytes: UInt64) {}
}

/// Says nothing.
public struct SilentProgress: ProgressSink {
    public init() {}
    public func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?) {}
    public func advance(entries: UInt64, bytes: UInt64) {}
    public func warn(_ message: String) {}
}

/// A flag that stops a long operation at its next step; set by the signal handler of the CLI.
public final class Interruption: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    /// Async-signal-safe: one atomic store.
    public func request() { flag.store(true, ordering: .relaxed) }

    public var isRequested: Bool { flag.load(ordering: .relaxed) }

    /// - Throws: ``StorageError/interrupted`` once ``request()`` was called.
    public func check() throws(StorageError) {
        if isRequested { throw .interrupted }
    }
}

/// What every long operation takes last: where to report, and whether to stop.
public struct Checkpoint: Sendable {
    public let progress: any ProgressSink
    public let interruption: Interruption

    public init(progress: any ProgressSink = SilentProgress(), interruption: Interruption = Interruption()) {
        self.progress = progress
        self.interruption = interruption
    }
}
