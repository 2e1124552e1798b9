internal import Glibc

/// A point in time: seconds since 1970-01-01 UTC, possibly negative, and nanoseconds 0..<1e9.
public struct Timestamp: Hashable, Sendable, Comparable {
    public let seconds: Int64
    public let nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = min(nanoseconds, 999_999_999)
    }

    /// The time now (`clock_gettime(CLOCK_REALTIME)`).
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

/// A moment in the proleptic Gregorian calendar, UTC.
public struct CivilTime: Hashable, Sendable {
    public let year: Int64
    public let month, day, hour, minute, second: Int

    /// Days-to-civil conversion over 400-year eras, exact for every `Int64` day that a file system can hold.
    public init(_ time: Timestamp) {
        let days = (time.seconds >= 0 ? time.seconds : time.seconds - 86_399) / 86_400
        let secondOfDay = Int(time.seconds - days * 86_400)
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = secondOfDay / 3600
        minute = secondOfDay / 60 % 60
        second = secondOfDay % 60
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC, with nanoseconds only where there are any: `2026-03-01T12:00:00Z`, `….123456789Z`.
    public var description: String {
        let civil = CivilTime(self)
        let date = "\(civil.year.padded(4))-\(civil.month.padded(2))-\(civil.day.padded(2))"
        let time = "\(civil.hour.padded(2)):\(civil.minute.padded(2)):\(civil.second.padded(2))"
        return "\(date)T\(time)\(nanoseconds == 0 ? "" : "." + nanoseconds.padded(9))Z"
    }

    /// The time as part of a file name: `20260301T120000Z`.
    public var compact: String {
        let civil = CivilTime(self)
        let date = "\(civil.year.padded(4))\(civil.month.padded(2))\(civil.day.padded(2))"
        return "\(date)T\(civil.hour.padded(2))\(civil.minute.padded(2))\(civil.second.padded(2))Z"
    }
}

extension BinaryInteger {
    /// The decimal digits, filled up with zeros on the left.
    fileprivate func padded(_ width: Int) -> String {
        let digits = String(magnitude)
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        return (self < 0 ? "-" : "") + zeros + digits
    }
}
