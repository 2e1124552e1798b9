/// A metric: its name, what it means, and its values, each told from the others by labels.
///
/// Every metric of Holdfast is a gauge: a state that was found at one time. A counter's name must end in `_total` in the sample and
/// not in the heading for OpenMetrics, and in both for the older format of Prometheus; a gauge is the same in the two.
public struct MetricFamily: Hashable, Sendable {
    /// One value.
    public struct Sample: Hashable, Sendable {
        /// In the order in which they are written; each name once.
        public let labels: [Label]
        public let value: Value

        public init(_ labels: [Label] = [], _ value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    public struct Label: Hashable, Sendable {
        /// `[a-zA-Z_][a-zA-Z0-9_]*`
        public let name: String
        /// Any text.
        public let value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Counts stay exact beyond the 53 bits of a floating-point number.
    public enum Value: Hashable, Sendable {
        case count(UInt64)
        case number(Double)

        public static func flag(_ isSet: Bool) -> Value { .count(isSet ? 1 : 0) }

        /// Seconds since 1970, to the second; 0 for never, so that an alert on the age of what never happened fires.
        public static func time(_ time: Timestamp?) -> Value { .count(UInt64(max(0, time?.seconds ?? 0))) }
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, beginning with `holdfast_`, ending in the unit.
    public let name: String
    /// One sentence without a full stop.
    public let help: String
    public var samples: [Sample]

    public init(_ name: String, _ help: String, _ samples: [Sample] = []) {
        self.name = name
        self.help = help
        self.samples = samples
    }
}
