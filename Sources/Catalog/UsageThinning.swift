package import StorageModel

/// Which samples of one source's history may go, so that it grows by 52 samples a year and no more.
///
/// Kept are all of the last 35 days (the last of each hour, should those be more than 2,000), the last of each day of the last
/// 400 days, and the last of each week before. The largest directories are kept of all samples of the last two days, of the
/// last of each day of the last 35, of the last of each week of the last 400, and of the last of each four weeks before. Time
/// that a wrong clock put into the future is treated as if it were past: nothing is kept for ever, and since nothing is
/// forgotten for its age alone, one scan with a wrong clock costs detail and never the history.
package struct UsageThinning {
    /// One sample as far as this is concerned.
    package struct Item: Hashable, Sendable {
        package let id: Int64
        package let seconds: Int64
        package var hasDirectories: Bool

        package init(id: Int64, seconds: Int64, hasDirectories: Bool = false) {
            self.id = id
            self.seconds = seconds
            self.hasDirectories = hasDirectories
        }
    }

    /// For so many days every sample counts.
    package static let fullDays: Int64 = 35
    /// More samples than this in that time are thinned too.
    package static let fullLimit = 2000

    /// Samples to forget.
    package private(set) var samples: [Int64] = []
    /// Samples that stay, whose directories may be forgotten.
    package private(set) var directories: [Int64] = []

    private static let (hour, day): (Int64, Int64) = (3600, 86_400)
    private static let year = 400 * day

    /// - Parameter items: of one source, in any order.
    package init(_ items: [Item], now: Timestamp) {
        let ordered = items.sorted { ($0.seconds, $0.id) > ($1.seconds, $1.id) }
        let isDense = ordered.count { Self.age($0, now) <= Self.fullDays * Self.day } > Self.fullLimit
        var kept = Buckets()
        var detailed = Buckets()
        for item in ordered {
            let age = Self.age(item, now)
            if !kept.admits(item, period: Self.period(age, isDense: isDense)) {
                samples.append(item.id)
            } else if item.hasDirectories && !detailed.admits(item, period: Self.directoryPeriod(age)) {
                directories.append(item.id)
            }
        }
    }

    private static func age(_ item: Item, _ now: Timestamp) -> Int64 {
        let (difference, overflow) = now.seconds.subtractingReportingOverflow(item.seconds)
        return overflow || difference == .min ? .max : abs(difference)
    }

    /// Of how much time one sample is kept; 0 for all.
    private static func period(_ age: Int64, isDense: Bool) -> Int64 {
        if age <= fullDays * day { return isDense ? hour : 0 }
        return age <= year ? day : 7 * day
    }

    private static func directoryPeriod(_ age: Int64) -> Int64 {
        if age <= 2 * day { return 0 }
        if age <= fullDays * day { return day }
        return age <= year ? 7 * day : 28 * day
    }

    /// Lets one item of each period pass.
    private struct Buckets {
        private var last: (period: Int64, number: Int64)?

        mutating func admits(_ item: Item, period: Int64) -> Bool {
            guard period > 0 else { return true }
            let number = item.seconds.dividedDown(by: period)
            if let last, last == (period, number) { return false }
            last = (period, number)
            return true
        }
    }
}

extension Int64 {
    fileprivate func dividedDown(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
