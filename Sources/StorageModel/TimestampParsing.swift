extension Timestamp {
    /// Parses RFC 3339 (`2026-03-01T12:00:00Z`, `2026-03-01T12:00:00.5+02:00`), what is left of it when its end is cut off
    /// (`2026-03-01T12:00`, `2026-03-01`; UTC then), or seconds since 1970 (`1772366400`, `1772366400.25`).
    ///
    /// - Returns: `nil` for anything else, and for a day or a time that does not exist.
    public init?(parsing text: String) {
        guard let zoned = ZonedTime(parsing: text) else { return nil }
        self = zoned.time
    }

    fileprivate static func secondsSinceEpoch(_ text: String) -> Timestamp? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, whole.allSatisfy(\.isDigit), let seconds = Int64(whole) else { return nil }
        guard parts.count > 1 else { return Timestamp(seconds: seconds) }
        return nanoseconds(parts[1]).map { Timestamp(seconds: seconds, nanoseconds: $0) }
    }

    fileprivate static func calendarTime(_ text: String) -> ZonedTime? {
        var scanner = TimeScanner(rest: text[...])
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2), scanner.skip("-"),
            let day = scanner.number(2)
        else { return nil }
        var (secondOfDay, offset): (Int64, Int64) = (0, 0)
        var fraction: UInt32 = 0
        if scanner.skip("T") || scanner.skip("t") || scanner.skip(" ") {
            guard let minutes = scanner.hoursAndMinutes() else { return nil }
            secondOfDay = minutes * 60
            if scanner.skip(":") {
                guard let second = scanner.number(2), second < 60 else { return nil }
                secondOfDay += second
                if scanner.skip(".") {
                    guard let part = nanoseconds(scanner.digits()) else { return nil }
                    fraction = part
                }
            }
            let isEast = scanner.skip("+")
            if isEast || scanner.skip("-") {
                guard let minutes = scanner.hoursAndMinutes() else { return nil }
                offset = isEast ? minutes * 60 : -minutes * 60
            } else if !scanner.skip("Z") {
                _ = scanner.skip("z")
            }
        }
        let time = Timestamp(seconds: CivilTime.days(year, month, day) * 86_400 + secondOfDay, nanoseconds: fraction)
        // The 31st of June would have become the 1st of July.
        let civil = CivilTime(time)
        guard scanner.rest.isEmpty, civil.year == year, civil.month == month, civil.day == day else { return nil }
        return ZonedTime(Timestamp(seconds: time.seconds - offset, nanoseconds: fraction), offsetSeconds: offset)
    }

    private static func nanoseconds(_ fraction: Substring) -> UInt32? {
        guard (1...9).contains(fraction.count), fraction.allSatisfy(\.isDigit) else { return nil }
        return UInt32(fraction + String(repeating: "0", count: 9 - fraction.count))
    }
}

/// A point in time as it was written: with the offset from UTC of the clock that it was read from.
public struct ZonedTime: Hashable, Sendable {
    public let time: Timestamp
    /// How far that clock was ahead of UTC.
    public let offsetSeconds: Int64

    public init(_ time: Timestamp, offsetSeconds: Int64 = 0) {
        self.time = time
        self.offsetSeconds = offsetSeconds
    }

    /// Parses what ``Timestamp/init(parsing:)`` parses.
    public init?(parsing text: String) {
        if let time = Timestamp.secondsSinceEpoch(text) {
            self.init(time)
        } else if let zoned = Timestamp.calendarTime(text) {
            self = zoned
        } else {
            return nil
        }
    }
}

/// Takes a time apart from its beginning.
private struct TimeScanner {
    var rest: Substring

    mutating func digits() -> Substring {
        let digits = rest.prefix(while: \.isDigit)
        rest = rest[digits.endIndex...]
        return digits
    }

    mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(\.isDigit) else { return nil }
        rest = rest[digits.endIndex...]
        return Int64(digits)
    }

    mutating func skip(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    /// `12:30`, in minutes.
    mutating func hoursAndMinutes() -> Int64? {
        guard let hour = number(2), skip(":"), let minute = number(2), hour < 24, minute < 60 else { return nil }
        return hour * 60 + minute
    }
}

extension Character {
    fileprivate var isDigit: Bool { isASCII && isNumber }
}
