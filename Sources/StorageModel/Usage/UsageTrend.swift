/// How fast something grows, and when the space for it ends: as much as its history can tell, and why not more.
public struct UsageTrend: Hashable, Sendable {
    /// Why there is no forecast.
    public enum Doubt: String, Hashable, Sendable {
        /// Fewer than ``UsageTrend/leastSamples`` samples.
        case fewSamples = "few-samples"
        /// The samples are too close together to say something about days.
        case shortSpan = "short-span"
        /// It may as well shrink: the interval of the growth spans zero.
        case uncertain
        /// It does not grow.
        case notGrowing = "not-growing"
        /// How much space is left is not known.
        case unknownSpace = "unknown-space"
    }

    /// A slope from fewer samples has no interval that says anything.
    public static let leastSamples = 4
    /// Shorter histories say nothing about days.
    public static let leastSpanSeconds: Int64 = 3600

    /// How many samples count.
    public let samples: Int
    /// Median of the slopes between all pairs of samples (Theil–Sen); `nil` with fewer than two samples.
    public let growthBytesPerDay: Double?
    /// The slopes between which the true one lies with 95 % (Sen 1968); `nil` below ``leastSamples``.
    public let growthInterval: ClosedRange<Double>?

    /// The growth, if there are samples enough that it means something.
    public var soundGrowthBytesPerDay: Double? { growthInterval == nil ? nil : growthBytesPerDay }
    /// Until what is available now is used up; `nil` if there is a ``doubt``.
    public let daysLeft: Double?
    /// The same for the two ends of the interval. The upper end is infinite if it may as well not grow at all.
    public let daysLeftInterval: ClosedRange<Double>?
    public let doubt: Doubt?

    public init(
        samples: Int, growthBytesPerDay: Double?, growthInterval: ClosedRange<Double>?, daysLeft: Double?,
        daysLeftInterval: ClosedRange<Double>?, doubt: Doubt?
    ) {
        self.samples = samples
        self.growthBytesPerDay = growthBytesPerDay
        self.growthInterval = growthInterval
        self.daysLeft = daysLeft
        self.daysLeftInterval = daysLeftInterval
        self.doubt = doubt
    }
}

extension UsageTrend.Doubt {
    /// For people.
    public var words: String {
        switch self {
        case .fewSamples: "fewer than \(UsageTrend.leastSamples) samples"
        case .shortSpan: "the samples are less than an hour apart"
        case .uncertain: "it may grow or shrink"
        case .notGrowing: "it does not grow"
        case .unknownSpace: "the free space is not known"
        }
    }
}
