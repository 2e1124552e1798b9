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
    /// Found not to be whole by an earlier scrub, still there, and not verified by this one.
    public var knownDamaged: [DamagedArchive] = []
    /// Those that were to be verified and could not be.
    public var unchecked: [UncheckedArchive] = []

    public init(archives: UInt64) { self.archives = archives }
}

/// An archive that an earlier scrub found not to be whole.
public struct DamagedArchive: Hashable, Sendable {
    /// Its absolute path.
    public let archive: String
    public let verdict: VerifyReport.Verdict
    public let foundAt: Timestamp

    public init(archive: String, verdict: VerifyReport.Verdict, foundAt: Timestamp) {
        (self.archive, self.verdict, self.foundAt) = (archive, verdict, foundAt)
    }

    /// One sentence.
    public var sentence: String { "\(verdict.rawValue), as found on \(foundAt); it was not checked again this time" }
}

/// An archive that could not be verified, which says nothing of its bytes: no key opens it, this user may not read it, a newer
/// version made it.
public struct UncheckedArchive: Hashable, Sendable {
    /// Its absolute path.
    public let archive: String
    public let reason: String
    /// When it was found whole last.
    public let verifiedAt: Timestamp?

    public init(archive: String, reason: String, verifiedAt: Timestamp?) {
        (self.archive, self.reason, self.verifiedAt) = (archive, reason, verifiedAt)
    }

    /// One sentence. A key that opened an archive once and opens it no longer is a hint that its header has changed.
    public var sentence: String {
        let before = verifiedAt.map { "; it was found whole on \($0): either the key is another now or the file is" }
        return "not checked: \(reason)\(before ?? "")"
    }
}
