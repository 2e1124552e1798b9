extension CivilTime {
    /// Days since 1970-01-01, the inverse of ``init(_:)``. A day beyond the month's end counts on into the next month.
    ///
    /// - Parameter month: 1 to 12.
    public static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Days since 1970-01-01.
    public var dayNumber: Int64 { Self.days(year, Int64(month), Int64(day)) }

    /// Seconds since 1970-01-01 on the clock that shows this.
    public var clockSeconds: Int64 { dayNumber * 86_400 + Int64(hour * 3600 + minute * 60 + second) }

    /// 0 for Sunday, 6 for Saturday, as cron(8) counts.
    public var weekday: Int { Int(((dayNumber + 4) % 7 + 7) % 7) }

    /// The year and the week of ISO 8601: weeks begin on Monday and belong to the year of their Thursday.
    public var isoWeek: (year: Int64, week: Int64) {
        let daysFromMonday = Int64((weekday + 6) % 7)
        let thursday = dayNumber - daysFromMonday + 3
        let year = CivilTime(Timestamp(seconds: thursday * 86_400)).year
        return (year, (thursday - Self.days(year, 1, 1)) / 7 + 1)
    }

    /// The clock's seconds when it showed the same so many years, months and days before. A day that does not exist counts on
    /// into the next month: a month before the 31st of March is the 2nd or 3rd of March.
    public func clockSeconds(yearsBefore years: Int, monthsBefore months: Int, daysBefore days: Int) -> Int64 {
        let monthNumber = (year - Int64(years)) * 12 + Int64(month - 1) - Int64(months)
        let newYear = monthNumber >= 0 ? monthNumber / 12 : (monthNumber - 11) / 12
        let day = Self.days(newYear, monthNumber - newYear * 12 + 1, Int64(day)) - Int64(days)
        return day * 86_400 + Int64(hour * 3600 + minute * 60 + second)
    }
}
