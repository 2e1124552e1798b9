// When the expression comes true, after the rules of cron(8) of Debian for clocks that are changed: an expression whose minute or
// hour begins with `*` follows the clock as it is; one with fixed times runs once a day for each of them, at the first of two
// such times, and at one that the clocks skip as much later.
extension CronExpression {
    /// No expression that comes at all comes less often: the 29th of February.
    private static let limitDays: Int64 = 366 * 9

    /// The first time after `time`. Cost: below a second in the worst case, mostly far below.
    ///
    /// - Returns: `nil` if there is none within nine years.
    public func next(after time: Timestamp, in zone: ZoneRules) -> Timestamp? {
        let seconds = minutes.isStar || hours.isStar ? followingClock(time, zone) : fixed(time, zone)
        return seconds.map { Timestamp(seconds: $0) }
    }

    private func matches(day civil: CivilTime) -> Bool {
        guard months.values.contains(civil.month) else { return false }
        let (fitsDay, fitsWeekday) = (days.values.contains(civil.day), weekdays.values.contains(civil.weekday))
        return needsBoth ? fitsDay && fitsWeekday : fitsDay || fitsWeekday
    }

    private func followingClock(_ time: Timestamp, _ zone: ZoneRules) -> Int64? {
        // No clock is changed by more than that at once.
        let margin: Int64 = 3 * 3600
        let end = time.seconds + Self.limitDays * 86_400
        var seconds = (time.seconds >= 0 ? time.seconds : time.seconds - 59) / 60 * 60 + 60
        while seconds < end {
            let civil = zone.civilTime(at: Timestamp(seconds: seconds))
            let left = Int64(86_400 - civil.hour * 3600 - civil.minute * 60 - civil.second)
            if !matches(day: civil) && left > margin {
                seconds += left - margin
                continue
            }
            if matches(day: civil), hours.values.contains(civil.hour), minutes.values.contains(civil.minute) {
                return seconds - Int64(civil.second)
            }
            seconds += 60
        }
        return nil
    }

    private func fixed(_ time: Timestamp, _ zone: ZoneRules) -> Int64? {
        let today = zone.civilTime(at: time).dayNumber
        var found: Int64?
        var day = today - 1
        var lastDay = today + Self.limitDays
        while day <= lastDay {
            defer { day += 1 }
            guard matches(day: CivilTime(Timestamp(seconds: day * 86_400))) else { continue }
            for hour in hours.sorted {
                for minute in minutes.sorted {
                    let seconds = zone.seconds(atClock: day * 86_400 + Int64(hour * 3600 + minute * 60))
                    if seconds > time.seconds { found = min(found ?? seconds, seconds) }
                }
            }
            // A time that is put off beyond midnight may be later than one of the next day.
            if found != nil { lastDay = min(lastDay, day + 1) }
        }
        return found
    }
}

extension CronExpression {
    /// The same as calendar events of systemd.time(7), of which any will do.
    ///
    /// - Parameter zone: the name of a time zone; `nil` for the host's.
    public func calendarEvents(zone: String?) -> [String] {
        let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let weekday = weekdays.isEverything ? "" : weekdays.sorted.map { names[$0] }.joined(separator: ",") + " "
        let clock = " \(Self.list(hours)):\(Self.list(minutes)):00" + (zone.map { " \($0)" } ?? "")
        let month = "*-\(Self.list(months))-"
        let both = "\(weekday)\(month)\(Self.list(days))\(clock)"
        return needsBoth ? [both] : ["\(month)\(Self.list(days))\(clock)", "\(weekday)\(month)*\(clock)"]
    }

    private static func list(_ field: Field) -> String {
        if field.isEverything { return "*" }
        return field.sorted.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ",")
    }
}
