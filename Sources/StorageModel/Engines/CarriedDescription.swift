/// What a volume that is made from another one's data has of that one's labels and options, and what it cannot have.
///
/// Labels go everywhere. Options go only where they mean the same and hold the data: never `type`, `device` and `o` of a
/// volume whose data lies elsewhere, as the new one has the data itself; and none to another engine, whose options have other
/// names, units or no counterpart.
public struct CarriedDescription: Hashable, Sendable {
    public let labels: [String: String]
    public let options: [String: String]
    /// What was left out, and why: a clause each.
    public let omissions: [String]

    /// Docker's mark of a volume that nobody named. Whoever restores one names it, and a prune must not take it.
    public static let anonymousLabel = "com.docker.volume.anonymous"

    /// - Parameters:
    ///   - source: the engine of the old volume, as archives name it: `holdfast`, `docker`, `podman`, `dir`.
    ///   - target: the engine of the new one.
    public init(
        driver: String, options: [String: String], labels: [String: String], from source: String, to target: String
    ) {
        var omissions: [String] = []
        if !driver.isEmpty && driver != EngineVolume.localDriver {
            omissions.append("its driver is 'local', not '\(driver.printable(limit: 80))'")
        }
        var carried = options
        if options["device"] != nil || options["type"] != nil {
            let names = ["type", "device", "o"].filter { carried.removeValue(forKey: $0) != nil }
            omissions.append(
                "the data is in the volume itself: its options \(Self.list(names)), which say that it is elsewhere, "
                    + "are left out")
        }
        if source != target && !carried.isEmpty {
            let names = carried.keys.sorted()
            omissions.append(
                "\(names.count == 1 ? "an option" : "options") of \(source) left out: \(Self.list(names))")
            carried = [:]
        }
        self.labels = labels.filter { $0.key != Self.anonymousLabel }
        self.options = carried
        self.omissions = omissions
    }

    private static func list(_ names: [String]) -> String {
        names.map { $0.printable(limit: 80) }.joined(separator: ", ")
    }
}
