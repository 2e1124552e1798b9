/// A range of values that are good, as Nagios plugins take it: outside of it, or with `@` inside of it, there is an alert.
///
/// `10` is 0 to 10, `10:` 10 and more, `~:10` 10 and less, `10:20` 10 to 20, `@10:20` everything but that; the ends are good
/// (nagios-plugins.org/doc/guidelines.html, "Threshold and ranges").
public struct AlertRange: Hashable, Sendable {
    /// `-infinity` for `~`.
    public let lower: Double
    /// `infinity` where it is missing.
    public let upper: Double
    /// Whether values inside, the ends included, are the bad ones.
    public let isInverted: Bool

    public init(lower: Double = 0, upper: Double = .infinity, isInverted: Bool = false) {
        self.lower = lower
        self.upper = upper
        self.isInverted = isInverted
    }

    /// - Parameter number: reads one end.
    /// - Returns: `nil` if it is not a range, or if its ends are in the wrong order.
    public init?(parsing text: String, number: (String) -> Double?) {
        var rest = text[...]
        let isInverted = rest.first == "@"
        if isInverted { rest.removeFirst() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(parts.count), parts != [""] else { return nil }
        var (lower, upper) = (0.0, Double.infinity)
        if parts.count == 2 {
            guard let start = parts[0] == "~" ? -Double.infinity : number(parts[0]) else { return nil }
            lower = start
        }
        if let last = parts.last, !last.isEmpty {
            guard let end = number(last) else { return nil }
            upper = end
        }
        guard lower <= upper else { return nil }
        self.init(lower: lower, upper: upper, isInverted: isInverted)
    }

    /// Whether there is an alert.
    public func alerts(_ value: Double) -> Bool {
        let isInside = value >= lower && value <= upper
        return isInside == isInverted
    }

    /// The range with each end changed.
    public func map(_ change: (Double) -> Double) -> AlertRange {
        AlertRange(lower: change(lower), upper: change(upper), isInverted: isInverted)
    }

    /// As plugins write it.
    ///
    /// - Parameter number: writes one end.
    public func text(_ number: (Double) -> String) -> String {
        var text = isInverted ? "@" : ""
        if lower == -.infinity { text += "~:" } else if lower != 0 || upper == .infinity { text += number(lower) + ":" }
        if upper != .infinity { text += number(upper) }
        return text
    }
}
