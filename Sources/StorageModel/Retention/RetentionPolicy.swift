/// Which archives of a source are kept. The rules, and what they mean together, are restic's.
public struct RetentionPolicy: Hashable, Sendable {
    /// The stretches of the calendar of which the newest archive is kept.
    public enum Period: String, CaseIterable, Sendable, Hashable {
        /// No stretch: each archive is one of its own.
        case last
        case hourly, daily, weekly, monthly, yearly
    }

    /// How many periods of a kind, counted from the newest archive, keep one.
    public var counts: [Period: KeepCount]
    /// Everything that is so young, compared with the newest archive.
    public var within: RetentionSpan
    /// The newest archive of each period that is so young. ``Period/last`` means nothing here.
    public var withinPeriods: [Period: RetentionSpan]
    /// Archives with all tags of one of these lists; the empty tag stands for an archive without tags.
    public var tagLists: [[String]]

    public init(
        counts: [Period: KeepCount] = [:], within: RetentionSpan = RetentionSpan(),
        withinPeriods: [Period: RetentionSpan] = [:], tagLists: [[String]] = []
    ) {
        self.counts = counts
        self.within = within
        self.withinPeriods = withinPeriods
        self.tagLists = tagLists
    }

    /// Whether no rule keeps anything.
    public var isEmpty: Bool {
        counts.values.allSatisfy(\.isExhausted) && within.isZero && withinPeriods.values.allSatisfy(\.isZero)
            && tagLists.isEmpty
    }

    /// The tags of one `--keep-tag`: parted by commas, all of which an archive must have.
    public static func tagList(parsing text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.trimmingBlanks) }
    }

    /// - Throws: ``StorageError/Code/invalidInput`` for a policy that keeps nothing: a mistake that would cost everything.
    public func requireRules() throws(StorageError) {
        guard isEmpty else { return }
        throw StorageError(
            .invalidInput, "the retention policy is empty, so no archive is removed",
            hint: "say what to keep, for example --keep-daily 7 --keep-weekly 4 --keep-monthly 12")
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        var rest = drop(while: \.isWhitespace)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
