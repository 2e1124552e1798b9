/// The ids that users may map into user namespaces, as subuid(5) has them.
public struct SubordinateIdentities: Sendable {
    public struct Range: Hashable, Sendable {
        /// A user's name, or the number as it is in the file.
        public let user: String
        public let first: UInt32
        public let count: UInt32
    }

    /// In the order of the file.
    public let ranges: [Range]

    /// - Parameter text: of `/etc/subuid`; lines that are not of its form do not count.
    public init(parsing text: String) {
        ranges = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 3, let first = UInt32(fields[1]), let count = UInt32(fields[2]), count > 0 else {
                return nil
            }
            return Range(user: String(fields[0]), first: first, count: count)
        }
    }

    /// The namespace that a user's ranges make when they are mapped one after the other, from an id inside on.
    ///
    /// - Returns: `nil` if there are none, or they do not make one.
    public func mapping(of users: Set<String>, from inside: UInt32, besides rest: String? = nil) -> IdentityMapping? {
        var next = UInt64(inside)
        var parts = rest.map { [$0] } ?? []
        for range in ranges where users.contains(range.user) {
            parts.append("\(next):\(range.first):\(range.count)")
            next += UInt64(range.count)
        }
        return try? IdentityMapping(parts.joined(separator: ","))
    }
}
