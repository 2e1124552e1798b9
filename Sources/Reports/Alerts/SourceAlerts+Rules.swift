package import StorageModel

extension SourceAlerts {
    /// Holds what is known of a source against the rules.
    ///
    /// What a rule asks for and nobody can tell is no reason for an alert where the answer may be "never": a history that is too
    /// short, a trend that may as well go down. It is said in the text. What should be there and is not is unknown: a file
    /// system that cannot be asked; and a source without a backup is critical.
    ///
    /// - Parameters:
    ///   - sample: what the source takes now.
    ///   - series: its history, that sample included; `nil` where none is kept.
    ///   - backup: how old its newest backup is; `nil` if that was not asked for.
    package init(
        _ source: SourceReference, _ sample: UsageSample, series: UsageSeries?, backup: SourceFreshness?,
        rules: AlertRules
    ) {
        var checks: [AlertCheck] = []
        if !rules.usedPercent.isEmpty { checks.append(.usedPercent(sample.space, rules.usedPercent)) }
        if !rules.usedBytes.isEmpty { checks.append(.usedBytes(sample.space, rules.usedBytes)) }
        if !rules.daysLeft.isEmpty { checks.append(.daysLeft(series, rules.daysLeft)) }
        if !rules.growthBytesPerDay.isEmpty { checks.append(.growth(series?.trend, rules.growthBytesPerDay)) }
        if !rules.backupAgeSeconds.isEmpty { checks.append(.backupAge(backup, rules.backupAgeSeconds)) }
        if sample.isLowerBound {
            checks.append(
                AlertCheck(
                    subject: .source, state: .good, value: nil, threshold: AlertThreshold(),
                    text: "not everything could be read, it takes at least that much"))
        }
        self.init(source: source, sample: sample, checks: checks)
    }

    /// A source that could not be looked at.
    package init(_ source: SourceReference, failure: StorageError) {
        self.init(
            source: source, sample: nil,
            checks: [
                AlertCheck(
                    subject: .source, state: .unknown, value: nil, threshold: AlertThreshold(), text: failure.message)
            ])
    }
}

extension AlertCheck {
    fileprivate static func usedPercent(_ space: FileSystemRoom?, _ threshold: AlertThreshold) -> AlertCheck {
        judged(
            .usedPercent, space?.usedPercent, threshold, unknown: .unknown,
            text: space.map { space in
                "file system \(space.usedPercent.oneDecimal) % used, \(ByteCount(space.availableBytes)) free"
            } ?? "the file system could not be asked how full it is")
    }

    fileprivate static func usedBytes(_ space: FileSystemRoom?, _ threshold: AlertThreshold) -> AlertCheck {
        judged(
            .usedBytes, space.map { Double($0.usedBytes) }, threshold, unknown: .unknown,
            text: space.map { "file system has \(ByteCount($0.usedBytes)) of \(ByteCount($0.usableBytes)) used" }
                ?? "the file system could not be asked how full it is")
    }

    /// The nearer of two ends counts: that of the source's own growth, and that of all on its file system.
    fileprivate static func daysLeft(_ series: UsageSeries?, _ threshold: AlertThreshold) -> AlertCheck {
        let own = series?.trend
        let days = [own?.daysLeft, series?.fileSystemTrend.daysLeft].compactMap { $0 }.min()
        let text: String
        if let days {
            let cause = days == own?.daysLeft ? "as it grows" : "as all on its file system grows"
            text = "full in \(days.oneDecimal) days \(cause)"
        } else {
            text = own?.doubt.map { "no forecast: \($0.words)" } ?? "no forecast: there is no history"
        }
        return judged(.daysLeft, days, threshold, unknown: .good, text: text)
    }

    fileprivate static func growth(_ trend: UsageTrend?, _ threshold: AlertThreshold) -> AlertCheck {
        guard let trend, let growth = trend.growthBytesPerDay, trend.growthInterval != nil,
            trend.doubt != .shortSpan
        else {
            let words = trend?.doubt?.words ?? "there is no history"
            return judged(.growthBytesPerDay, nil, threshold, unknown: .good, text: "growth not known: \(words)")
        }
        let sign = growth < 0 ? "-" : "+"
        let size = ByteCount(UInt64(min(growth.magnitude, 1e18)))
        return judged(.growthBytesPerDay, growth, threshold, unknown: .good, text: "grows \(sign)\(size) a day")
    }

    fileprivate static func backupAge(_ freshness: SourceFreshness?, _ threshold: AlertThreshold) -> AlertCheck {
        guard let freshness, let age = freshness.ageSeconds else {
            return AlertCheck(
                subject: .backupAgeSeconds, state: .critical, value: nil, threshold: threshold,
                text: "there is no whole backup")
        }
        return judged(
            .backupAgeSeconds, Double(age), threshold, unknown: .critical,
            text: "newest backup is \(TimeSpan(seconds: age).words) old")
    }

    private static func judged(
        _ subject: Subject, _ value: Double?, _ threshold: AlertThreshold, unknown: AlertState, text: String
    ) -> AlertCheck {
        AlertCheck(
            subject: subject, state: value.map(threshold.state) ?? unknown, value: value, threshold: threshold,
            text: text)
    }
}

extension Double {
    /// `12.3`; without a decimal from 1000 on.
    package var oneDecimal: String {
        guard isFinite else { return self < 0 ? "-∞" : "∞" }
        if magnitude >= 1000 { return magnitude < 1e15 ? String(Int64(rounded())) : String(self) }
        return String((self * 10).rounded() / 10)
    }
}
