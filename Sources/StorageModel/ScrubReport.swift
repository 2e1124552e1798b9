/// How much a scrub may do. It ends before the first archive that finds the budget used up, so at least one is verified.
public struct ScrubBudget: Hashable, Sendable {
    public var bytes: UInt64?
    public var seconds: Double?

    public init(bytes: UInt64? = nil, seconds: Double? = nil) {
        self.bytes = bytes
        self.seconds = seconds
    }

    public func isUsed(bytes used: UInt64, seconds elapsed: Double) -> Bool {
        if let bytes, used >= bytes { return true }
        if let seconds, elapsed >= seconds { return true }
        return false
    }
}

/// What a scrub came to.
public struct ScrubReport: Hashable, Sendable {
    /// How many archives there are.
    public var archives: UInt64
    public var verified: UInt64 = 0
    public var verifiedBytes: UInt64 = 0
    /// Verified and not whole.
    public var damaged: UInt64 = 0
    /// How many never were found whole, those that no key opens included.
    public var neverVerified: UInt64 = 0
    /// The longest time ago that an archive was found whole.
    public var oldest: Timestamp?

    public init(archives: UInt64) { self.archives = archives }
}
