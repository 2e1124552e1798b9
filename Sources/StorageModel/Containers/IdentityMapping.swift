/// Which ids of a user namespace are which ids of the host: `INSIDE:OUTSIDE:COUNT`, for users and groups alike.
public struct IdentityMapping: Hashable, Sendable, CustomStringConvertible {
    public struct Range: Hashable, Sendable {
        public let inside: UInt32
        public let outside: UInt32
        public let count: UInt32
    }

    /// Ascending by the inside id, none overlapping another on either side.
    public let ranges: [Range]

    /// Parses one or several ranges, separated by commas.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for what is not of the form, for ids beyond 32 bits, and for ranges that
    ///   overlap (user_namespaces(7) has the kernel's rules).
    public init(_ text: String) throws(StorageError) {
        var ranges: [Range] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
            guard numbers.count == 3, let inside = numbers[0], let outside = numbers[1], let count = numbers[2],
                count > 0,
                UInt64(inside) + UInt64(count) <= UInt64(UInt32.max),
                UInt64(outside) + UInt64(count) <= UInt64(UInt32.max)
            else { throw Self.invalid(text, "'\(String(part).printable(limit: 80))' is not INSIDE:OUTSIDE:COUNT") }
            ranges.append(Range(inside: inside, outside: outside, count: count))
        }
        ranges.sort { $0.inside < $1.inside }
        guard Self.areApart(ranges.map { ($0.inside, $0.count) }) else {
            throw Self.invalid(text, "ids inside overlap")
        }
        guard Self.areApart(ranges.map { ($0.outside, $0.count) }.sorted { $0.0 < $1.0 }) else {
            throw Self.invalid(text, "ids outside overlap")
        }
        self.ranges = ranges
    }

    /// The host's id for an id inside; `nil` if it has none.
    public func outside(of inside: UInt32) -> UInt32? {
        for range in ranges where inside >= range.inside && inside - range.inside < range.count {
            return range.outside + (inside - range.inside)
        }
        return nil
    }

    /// The id inside for an id of the host; `nil` if it has none.
    public func inside(of outside: UInt32) -> UInt32? {
        for range in ranges where outside >= range.outside && outside - range.outside < range.count {
            return range.inside + (outside - range.outside)
        }
        return nil
    }

    public var description: String {
        ranges.map { "\($0.inside):\($0.outside):\($0.count)" }.joined(separator: ",")
    }

    private static func areApart(_ spans: [(start: UInt32, count: UInt32)]) -> Bool {
        zip(spans, spans.dropFirst()).allSatisfy { UInt64($0.start) + UInt64($0.count) <= UInt64($1.start) }
    }

    private static func invalid(_ text: String, _ reason: String) -> StorageError {
        StorageError(
            .invalidInput, object: text, "the mapping '\(text.printable(limit: 120))' is not valid: \(reason)",
            hint: "write INSIDE:OUTSIDE:COUNT, as in 0:100000:65536")
    }
}
