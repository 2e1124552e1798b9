/// How far back a retention policy looks, in calendar units as restic writes them: `1y2m3d4h`; `m` is a month.
public struct RetentionSpan: Hashable, Sendable, CustomStringConvertible {
    public let years, months, days, hours: Int

    /// So large a number reaches beyond every time that a file name can hold, and can be calculated with safely.
    private static let numberLimit = 100_000_000

    public init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
        (self.years, self.months, self.days, self.hours) = (years, months, days, hours)
    }

    /// Parses whole numbers, each followed by `y`, `m`, `d` or `h`, in any order; of two equal units the last one counts.
    ///
    /// - Returns: `nil` for anything else: nothing at all, negative numbers, weeks.
    public init?(parsing text: String) {
        var numbers: [Character: Int] = ["y": 0, "m": 0, "d": 0, "h": 0]
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(digits), number <= Self.numberLimit, let unit = rest.dropFirst(digits.count).first,
                numbers[unit] != nil
            else { return nil }
            numbers[unit] = number
            rest = rest.dropFirst(digits.count + 1)
        }
        self.init(
            years: numbers["y"] ?? 0, months: numbers["m"] ?? 0, days: numbers["d"] ?? 0, hours: numbers["h"] ?? 0)
    }

    /// Whether it looks back nowhere: then the rule is not there.
    public var isZero: Bool { self == RetentionSpan() }

    /// Years, months, days and hours in this order, without those that are 0.
    public var description: String {
        [(years, "y"), (months, "m"), (days, "d"), (hours, "h")].filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }.joined()
    }
}
