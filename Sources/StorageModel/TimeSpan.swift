/// A length of time as users write it: `90s`, `10m`, `1h30m`, `30d`, `2w`.
public struct TimeSpan: Hashable, Sendable, Comparable {
    public let seconds: Int64

    public init(seconds: Int64) { self.seconds = seconds }

    private static let units: [(letter: Character, seconds: Int64)] = [
        ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800),
    ]

    /// - Returns: `nil` for what is not a sequence of whole numbers, each with its unit, or is beyond 292 years.
    public init?(parsing text: String) {
        var total: Int64 = 0
        var rest = text[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let count = Int64(digits), let letter = rest.dropFirst(digits.count).first,
                let unit = Self.units.first(where: { $0.letter == letter })
            else { return nil }
            let (part, isTooLong) = count.multipliedReportingOverflow(by: unit.seconds)
            let (sum, isTooMuch) = total.addingReportingOverflow(part)
            guard !isTooLong, !isTooMuch, sum < 9_223_372_036 else { return nil }
            total = sum
            rest = rest.dropFirst(digits.count + 1)
        }
        seconds = total
    }

    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.seconds < right.seconds }
}

extension Timestamp {
    /// So long before this time.
    public func earlier(by span: TimeSpan) -> Timestamp {
        Timestamp(seconds: seconds - span.seconds, nanoseconds: nanoseconds)
    }
}

extension TimeSpan {
    /// For people: the two largest units, as in `3d4h`, `26m10s`.
    public var words: String {
        var rest = seconds
        var parts: [String] = []
        for (letter, length) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] as [(String, Int64)] {
            let count = rest / length
            rest -= count * length
            if count > 0 || (letter == "s" && parts.isEmpty) { parts.append("\(count)\(letter)") }
        }
        return parts.prefix(2).joined()
    }
}
