/// When clocks are changed every year, as POSIX writes it in the variable TZ: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct RecurringZoneRule: Hashable, Sendable {
    /// A day of every year, and when on it, in seconds of the clock that is valid until then.
    private struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// `Mm.w.d`: the weekday `d` of the `w`th week of month `m`; week 5 is the last one.
            case weekday(month: Int64, week: Int64, weekday: Int64)
            /// `Jn`: 1 to 365, without the 29th of February.
            case withoutLeapDay(Int64)
            /// `n`: 0 to 365, with it.
            case withLeapDay(Int64)
        }

        var day: Day
        var secondOfDay: Int64 = 7200

        /// Seconds since 1970 on the clock.
        func clockSeconds(in year: Int64) -> Int64 {
            let january = CivilTime.days(year, 1, 1)
            switch day {
            case .withLeapDay(let number): return (january + number) * 86_400 + secondOfDay
            case .withoutLeapDay(let number):
                let isLeapYear = CivilTime.days(year, 3, 1) - january == 60
                return (january + number - 1 + (isLeapYear && number >= 60 ? 1 : 0)) * 86_400 + secondOfDay
            case .weekday(let month, let week, let weekday):
                let first = CivilTime.days(year, month, 1)
                let next = month == 12 ? CivilTime.days(year + 1, 1, 1) : CivilTime.days(year, month + 1, 1)
                let firstWeekday = ((first + 4) % 7 + 7) % 7
                var day = first + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                if day >= next { day -= 7 }
                return day * 86_400 + secondOfDay
            }
        }
    }

    private struct Summer: Hashable, Sendable {
        let offset: Int64
        let start, end: Change
    }

    private let standardOffset: Int64
    private let summer: Summer?

    /// - Returns: `nil` for what is not of that form.
    init?(parsing text: String) {
        var scanner = RuleScanner(rest: text[...])
        guard scanner.skipName(), let west = scanner.time() else { return nil }
        standardOffset = -west
        guard !scanner.rest.isEmpty else {
            summer = nil
            return
        }
        guard scanner.skipName() else { return nil }
        var offset = standardOffset + 3600
        if scanner.rest.first != "," {
            guard let west = scanner.time() else { return nil }
            offset = -west
        }
        guard let start = Self.change(&scanner), let end = Self.change(&scanner), scanner.rest.isEmpty else {
            return nil
        }
        summer = Summer(offset: offset, start: start, end: end)
    }

    private static func change(_ scanner: inout RuleScanner) -> Change? {
        guard scanner.skip(",") else { return nil }
        var change: Change
        if scanner.skip("M") {
            guard let month = scanner.number(1...12), scanner.skip("."), let week = scanner.number(1...5),
                scanner.skip("."), let weekday = scanner.number(0...6)
            else { return nil }
            change = Change(day: .weekday(month: month, week: week, weekday: weekday))
        } else if scanner.skip("J") {
            guard let day = scanner.number(1...365) else { return nil }
            change = Change(day: .withoutLeapDay(day))
        } else {
            guard let day = scanner.number(0...365) else { return nil }
            change = Change(day: .withLeapDay(day))
        }
        if scanner.skip("/") {
            guard let time = scanner.time() else { return nil }
            change.secondOfDay = time
        }
        return change
    }

    func offsetSeconds(at seconds: Int64) -> Int64 {
        guard let summer else { return standardOffset }
        let year = CivilTime(Timestamp(seconds: seconds + standardOffset)).year
        let start = summer.start.clockSeconds(in: year) - standardOffset
        let end = summer.end.clockSeconds(in: year) - summer.offset
        // In the south summer begins in one year and ends in the next.
        let isSummer = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
        return isSummer ? summer.offset : standardOffset
    }
}

/// Takes a rule apart from its beginning.
private struct RuleScanner {
    var rest: Substring

    mutating func skip(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    /// `CET`, `<+0330>`.
    mutating func skipName() -> Bool {
        if skip("<") {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let name = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest[name.endIndex...]
        return name.count >= 3
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), range.contains(number) else { return nil }
        rest = rest[digits.endIndex...]
        return number
    }

    /// `-1`, `3`, `02:00:00`, in seconds; up to a week, as RFC 8536 extends it.
    mutating func time() -> Int64? {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        guard let hours = number(0...167) else { return nil }
        var total = hours * 3600
        for unit: Int64 in [60, 1] {
            guard skip(":") else { break }
            guard let part = number(0...59) else { return nil }
            total += part * unit
        }
        return isNegative ? -total : total
    }
}
