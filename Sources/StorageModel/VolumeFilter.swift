/// Which volumes a command means, in Docker's words and a few more.
///
/// Several names, or several drivers, are alternatives; everything else must hold together, each label included.
public struct VolumeFilter: Hashable, Sendable {
    /// A condition on one label.
    public struct Label: Hashable, Sendable {
        public let key: String
        /// `nil` where any value will do.
        public let value: String?

        public init(key: String, value: String?) {
            self.key = key
            self.value = value
        }

        func matches(_ labels: [String: String]) -> Bool {
            guard let found = labels[key] else { return false }
            return value == nil || value == found
        }
    }

    /// Parts of names.
    public var names: [String] = []
    public var labels: [Label] = []
    /// Labels that it must not have.
    public var excludedLabels: [Label] = []
    public var drivers: [String] = []
    /// Whether no container refers to it.
    public var isDangling: Bool?
    /// Made before this time.
    public var createdBefore: Timestamp?
    /// No container refers to it, and none has had it since this time; one that none ever had counts from when it was made.
    public var unusedSince: Timestamp?

    /// Every volume.
    public static let all = VolumeFilter()

    public init() {}

    /// Parses the values of `--filter`.
    ///
    /// - Parameter now: what lengths of time are counted back from.
    /// - Throws: ``StorageError/Code/invalidInput`` for a key that is not known and for a condition without a value.
    public init(parsing conditions: [String], now: Timestamp = .now) throws(StorageError) {
        for condition in conditions { try add(condition, now) }
    }

    private mutating func add(_ condition: String, _ now: Timestamp) throws(StorageError) {
        // `label!=KEY` is the key `label!`, so that everything is KEY=VALUE.
        let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw Self.refusal(of: condition, "it is not of the form KEY=VALUE")
        }
        switch parts[0] {
        case "name": names.append(parts[1])
        case "driver": drivers.append(parts[1])
        case "label": labels.append(try Self.label(parts[1], in: condition))
        case "label!": excludedLabels.append(try Self.label(parts[1], in: condition))
        case "dangling":
            let value = try Self.truth(parts[1], in: condition)
            guard isDangling == nil || isDangling == value else {
                throw Self.refusal(of: condition, "another filter says the opposite")
            }
            isDangling = value
        case "until":
            let time = try Self.time(parts[1], now, in: condition)
            createdBefore = min(createdBefore ?? time, time)
        case "unused":
            if Int64(parts[1]) != nil { throw Self.refusal(of: condition, "the number needs its unit, as in 30d") }
            let time = try Self.time(parts[1], now, in: condition)
            unusedSince = min(unusedSince ?? time, time)
        default: throw Self.refusal(of: condition, "'\(parts[0].printable(limit: 40))' is not a filter")
        }
    }

    private static func label(_ text: String, in condition: String) throws(StorageError) -> Label {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let key = pair.first, !key.isEmpty else { throw refusal(of: condition, "the label has no key") }
        return Label(key: key, value: pair.count == 2 ? pair[1] : nil)
    }

    private static func truth(_ text: String, in condition: String) throws(StorageError) -> Bool {
        switch text.lowercased() {
        case "true", "1": return true
        case "false", "0": return false
        default: throw refusal(of: condition, "'\(text.printable(limit: 40))' is neither true nor false")
        }
    }

    private static func time(_ text: String, _ now: Timestamp, in condition: String) throws(StorageError) -> Timestamp {
        if let span = TimeSpan(parsing: text) { return now.earlier(by: span) }
        if let time = Timestamp(parsing: text) { return time }
        throw refusal(
            of: condition,
            "'\(text.printable(limit: 40))' is neither a length of time, such as 30d or 12h, nor a time, such as "
                + "2026-03-01 or 2026-03-01T12:00:00Z")
    }

    private static func refusal(of condition: String, _ reason: String) -> StorageError {
        StorageError(
            .invalidInput, object: condition, "cannot filter by '\(condition.printable(limit: 120))': \(reason)",
            hint: "use name=PART, label=KEY, label=KEY=VALUE, label!=KEY, driver=NAME, dangling=true|false, "
                + "until=TIME or unused=30d")
    }

    /// Whether it takes more than a volume's own row to know what is meant.
    public var asksForReferences: Bool { isDangling != nil || unusedSince != nil }

    /// Whether the volume is meant.
    ///
    /// - Parameter isReferenced: whether a container refers to it.
    public func matches(_ volume: Volume, isReferenced: Bool) -> Bool {
        if !drivers.isEmpty && !drivers.contains(volume.driver) { return false }
        if !labels.allSatisfy({ $0.matches(volume.labels) }) { return false }
        if excludedLabels.contains(where: { $0.matches(volume.labels) }) { return false }
        if let isDangling, isDangling == isReferenced { return false }
        if let createdBefore, volume.createdAt >= createdBefore { return false }
        if let unusedSince, isReferenced || (volume.lastMountedAt ?? volume.createdAt) > unusedSince { return false }
        return names.isEmpty || names.contains { volume.name.rawValue.contains($0) }
    }
}
