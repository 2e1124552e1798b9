package import StorageModel

/// Decides what a retention policy keeps, exactly as restic does (`internal/data/snapshot_policy.go`).
///
/// The items are looked at from the newest to the oldest. Each rule by itself keeps an item where its period (the hour, the
/// day…) is another than that of the item it kept last, as long as its count lasts; the oldest item is kept by every rule that
/// has something left. Tags and spans cost no counts.
package struct RetentionSelection {
    private let policy: RetentionPolicy
    private let zone: ZoneRules?

    /// - Parameter zone: in whose days and months is counted; `nil` for each time's own offset from UTC.
    package init(_ policy: RetentionPolicy, zone: ZoneRules?) {
        self.policy = policy
        self.zone = zone
    }

    /// - Parameter now: items of the future are not the newest one, from which spans are counted.
    /// - Returns: a decision on each item, the newest first; of equal times in the order of the list.
    package func decide(_ items: [RetentionItem], now: Timestamp) -> [RetentionDecision] {
        let order = items.indices.sorted { (items[$1].time.time, $0) < (items[$0].time.time, $1) }
        // If all are of the future, everything is younger than any span before the year 1.
        let latest = order.lazy.map { items[$0].time }.first { $0.time < now }
        var rules = policy.counts.isEmpty ? [] : countRules()
        var spans = spanRules(before: latest)
        let within = policy.within.isZero ? nil : Span(policy.within, limit: limit(policy.within, before: latest))
        return order.enumerated().map { number, index in
            let item = items[index]
            let civil = CivilTime(Timestamp(seconds: item.time.time.seconds + offset(of: item.time)))
            let isOldest = number == order.count - 1
            var reasons = tagReasons(item)
            if let within, within.contains(item.time.time) { reasons.append("within \(within.span)") }
            for rule in rules.indices {
                if let reason = rules[rule].keep(civil, number, isOldest: isOldest) { reasons.append(reason) }
            }
            for rule in spans.indices {
                if let reason = spans[rule].keep(item.time.time, civil, isOldest: isOldest) { reasons.append(reason) }
            }
            return RetentionDecision(index: index, item: item, reasons: reasons)
        }
    }

    private func tagReasons(_ item: RetentionItem) -> [String] {
        policy.tagLists.filter { list in
            // The empty tag is satisfied, with all behind it, by an item that has no tags.
            for tag in list {
                if tag.isEmpty && item.tags.isEmpty { return true }
                if !item.tags.contains(tag) { return false }
            }
            return true
        }.map { "has tags [\($0.joined(separator: ", "))]" }
    }

    private func countRules() -> [CountRule] {
        RetentionPolicy.Period.allCases.compactMap { period in
            guard let count = policy.counts[period], !count.isExhausted else { return nil }
            return CountRule(period: period, count: count)
        }
    }

    private func spanRules(before latest: ZonedTime?) -> [SpanRule] {
        RetentionPolicy.Period.allCases.compactMap { period in
            guard period != .last, let span = policy.withinPeriods[period], !span.isZero else { return nil }
            return SpanRule(period: period, span: Span(span, limit: limit(span, before: latest)))
        }
    }

    private func offset(of time: ZonedTime) -> Int64 {
        zone?.offsetSeconds(at: time.time.seconds) ?? time.offsetSeconds
    }

    /// The time so long before the newest one; `nil` if there is no such.
    private func limit(_ span: RetentionSpan, before latest: ZonedTime?) -> Timestamp? {
        guard let latest else { return nil }
        let clock = CivilTime(Timestamp(seconds: latest.time.seconds + offset(of: latest))).clockSeconds(
            yearsBefore: span.years, monthsBefore: span.months, daysBefore: span.days)
        let seconds = zone?.seconds(atClock: clock) ?? clock - latest.offsetSeconds
        return Timestamp(seconds: seconds - Int64(span.hours) * 3600, nanoseconds: latest.time.nanoseconds)
    }
}

/// Everything that is younger than a time.
private struct Span {
    let span: RetentionSpan
    private let limit: Timestamp?

    init(_ span: RetentionSpan, limit: Timestamp?) {
        self.span = span
        self.limit = limit
    }

    func contains(_ time: Timestamp) -> Bool { limit.map { time > $0 } ?? true }
}

/// Picks the first item of each period, and the oldest of all in any case.
private struct PeriodTurn {
    let period: RetentionPolicy.Period
    private var lastKept: Int64 = -1

    init(period: RetentionPolicy.Period) { self.period = period }

    /// - Returns: what the item is picked as, `daily` or `oldest daily`; `nil` if another of its period was before.
    mutating func take(_ civil: CivilTime, _ number: Int, isOldest: Bool) -> String? {
        let value = period.value(of: civil, number)
        guard value != lastKept || isOldest else { return nil }
        defer { lastKept = value }
        return value == lastKept ? "oldest \(period.rawValue)" : period.rawValue
    }
}

/// Keeps one item of each period as long as its count lasts.
private struct CountRule {
    private var turn: PeriodTurn
    private var count: KeepCount

    init(period: RetentionPolicy.Period, count: KeepCount) {
        turn = PeriodTurn(period: period)
        self.count = count
    }

    /// - Returns: the reason, if it keeps the item.
    mutating func keep(_ civil: CivilTime, _ number: Int, isOldest: Bool) -> String? {
        guard !count.isExhausted else { return nil }
        guard let name = turn.take(civil, number, isOldest: isOldest) else { return nil }
        count.take()
        return "\(name) snapshot"
    }
}

/// Keeps one item of each period within a span.
private struct SpanRule {
    private var turn: PeriodTurn
    private let span: Span

    init(period: RetentionPolicy.Period, span: Span) {
        turn = PeriodTurn(period: period)
        self.span = span
    }

    /// - Returns: the reason, if it keeps the item.
    mutating func keep(_ time: Timestamp, _ civil: CivilTime, isOldest: Bool) -> String? {
        guard span.contains(time) else { return nil }
        return turn.take(civil, 0, isOldest: isOldest).map { "\($0) within \(span.span)" }
    }
}

extension RetentionPolicy.Period {
    /// A number that two times share exactly if they are in the same period.
    fileprivate func value(of civil: CivilTime, _ number: Int) -> Int64 {
        switch self {
        case .last: return Int64(number)
        case .hourly: return civil.dayNumber * 24 + Int64(civil.hour) + 1 << 40
        case .daily: return civil.dayNumber + 1 << 40
        case .weekly:
            let (year, week) = civil.isoWeek
            return year * 100 + week + 1 << 40
        case .monthly: return civil.year * 12 + Int64(civil.month) + 1 << 40
        case .yearly: return civil.year + 1 << 40
        }
    }
}
