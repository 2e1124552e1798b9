internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// What a retention policy keeps. Each rule stands for itself; an archive stays if any of them keeps it.
struct RetentionOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ArgumentHelp("The newest n archives; unlimited for all.", valueName: "n"))
    var keepLast: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("One of each of the last n hours with archives.", valueName: "n"))
    var keepHourly: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("One of each of the last n days with archives.", valueName: "n"))
    var keepDaily: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("One of each of the last n ISO weeks.", valueName: "n"))
    var keepWeekly: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("One of each of the last n months.", valueName: "n"))
    var keepMonthly: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("One of each of the last n years.", valueName: "n"))
    var keepYearly: String?

    @Option(help: ArgumentHelp("All so young, before the newest: 1y2m3d4h, m are months.", valueName: "span"))
    var keepWithin: String?

    @Option(help: ArgumentHelp("One of each hour so young.", valueName: "span"))
    var keepWithinHourly: String?

    @Option(help: ArgumentHelp("One of each day so young.", valueName: "span"))
    var keepWithinDaily: String?

    @Option(help: ArgumentHelp("One of each ISO week so young.", valueName: "span"))
    var keepWithinWeekly: String?

    @Option(help: ArgumentHelp("One of each month so young.", valueName: "span"))
    var keepWithinMonthly: String?

    @Option(help: ArgumentHelp("One of each year so young.", valueName: "span"))
    var keepWithinYearly: String?

    @Option(help: ArgumentHelp("All with all of these tags, parted by commas. Repeatable.", valueName: "tags"))
    var keepTag: [String] = []

    @Option(
        help: ArgumentHelp(
            "Whose days and months count: a zone such as Europe/Berlin, UTC or local. Default: each time's own.",
            valueName: "zone"))
    var tz: String?

    @Option(help: ArgumentHelp("Take this for the time now (RFC 3339).", valueName: "time"))
    var now: String?

    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` for what is no count or span, and for a policy without rules.
    func policy() throws(StorageError) -> RetentionPolicy {
        var policy = RetentionPolicy(tagLists: keepTag.map { RetentionPolicy.tagList(parsing: $0) })
        let counts: [(RetentionPolicy.Period, String?)] = [
            (.last, keepLast), (.hourly, keepHourly), (.daily, keepDaily), (.weekly, keepWeekly),
            (.monthly, keepMonthly), (.yearly, keepYearly),
        ]
        for case (let period, let text?) in counts {
            guard let count = KeepCount(parsing: text) else {
                throw StorageError(
                    .invalidInput, object: text,
                    "--keep-\(period.rawValue) '\(text.printable(limit: 40))' is not a count",
                    hint: "write a whole number, or unlimited")
            }
            policy.counts[period] = count
        }
        let spans: [(RetentionPolicy.Period, String?)] = [
            (.hourly, keepWithinHourly), (.daily, keepWithinDaily), (.weekly, keepWithinWeekly),
            (.monthly, keepWithinMonthly), (.yearly, keepWithinYearly),
        ]
        for case (let period, let text?) in spans {
            policy.withinPeriods[period] = try span(text, "--keep-within-\(period.rawValue)")
        }
        if let keepWithin { policy.within = try span(keepWithin, "--keep-within") }
        try policy.requireRules()
        return policy
    }

    func zone() throws(StorageError) -> ZoneRules? {
        guard let tz else { return nil }
        return try TimeZones.named(tz)
    }

    func time() throws(StorageError) -> Timestamp { try timeNow(now) }

    private func span(_ text: String, _ option: String) throws(StorageError) -> RetentionSpan {
        guard let span = RetentionSpan(parsing: text) else {
            throw StorageError(
                .invalidInput, object: text, "\(option) '\(text.printable(limit: 40))' is not a span of time",
                hint: "write years, months, days and hours, as in 1y2m3d4h; two weeks are 14d")
        }
        return span
    }
}

/// The time that `--now` fixes, else the time now.
func timeNow(_ text: String?) throws(StorageError) -> Timestamp {
    guard let text else { return .now }
    guard let time = Timestamp(parsing: text) else {
        throw StorageError(
            .invalidInput, object: text, "--now '\(text.printable(limit: 80))' is not a time",
            hint: "write it as in 2026-03-01T12:00:00Z")
    }
    return time
}
