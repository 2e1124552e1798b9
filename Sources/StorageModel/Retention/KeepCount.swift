/// How many archives a rule of a retention policy keeps.
public enum KeepCount: Hashable, Sendable {
    /// None for 0: the rule is not there.
    case limited(Int)
    case unlimited

    /// Parses a whole number, or `unlimited`, which is also written `-1`.
    ///
    /// - Returns: `nil` for anything else, other negative numbers too.
    public init?(parsing text: String) {
        if text == "unlimited" || text == "-1" {
            self = .unlimited
        } else if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text) {
            self = .limited(count)
        } else {
            return nil
        }
    }

    /// Whether the rule has something left to keep.
    public var isExhausted: Bool { self == .limited(0) }

    /// What is left when one was kept.
    public mutating func take() {
        if case .limited(let count) = self, count > 0 { self = .limited(count - 1) }
    }
}
