/// Which volumes a command means, in Docker's words: `name=PART`, `label=KEY`, `label=KEY=VALUE`, `driver=NAME`.
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
    }

    /// Parts of names.
    public var names: [String] = []
    public var labels: [Label] = []
    public var drivers: [String] = []

    /// Every volume.
    public static let all = VolumeFilter()

    public init() {}

    /// Parses the values of `--filter`.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for a key that is not known and for a condition without a value.
    public init(parsing conditions: [String]) throws(StorageError) {
        for condition in conditions { try add(condition) }
    }

    private mutating func add(_ condition: String) throws(StorageError) {
        let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[1].isEmpty else {
            throw Self.refusal(of: condition, "it is not of the form KEY=VALUE")
        }
        switch parts[0] {
        case "name": names.append(parts[1])
        case "driver": drivers.append(parts[1])
        case "label":
            let pair = parts[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let key = pair.first, !key.isEmpty else { throw Self.refusal(of: condition, "the label has no key") }
            labels.append(Label(key: key, value: pair.count == 2 ? pair[1] : nil))
        default: throw Self.refusal(of: condition, "'\(parts[0].printable(limit: 40))' is not a filter")
        }
    }

    private static func refusal(of condition: String, _ reason: String) -> StorageError {
        StorageError(
            .invalidInput, object: condition, "cannot filter by '\(condition.printable(limit: 120))': \(reason)",
            hint: "use name=PART, label=KEY, label=KEY=VALUE or driver=NAME")
    }

    /// Whether the volume is meant.
    public func matches(_ volume: Volume) -> Bool {
        if !drivers.isEmpty && !drivers.contains(volume.driver) { return false }
        for label in labels {
            guard let value = volume.labels[label.key], label.value == nil || label.value == value else { return false }
        }
        return names.isEmpty || names.contains { volume.name.rawValue.contains($0) }
    }
}
