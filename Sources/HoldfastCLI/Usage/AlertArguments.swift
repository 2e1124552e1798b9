internal import StorageModel

/// The thresholds of `usage alert` as the user wrote them.
enum AlertArguments {
    static func rules(
        warning: String?, critical: String?, daysLeft: String?, growth: String?, backupAge: String?
    ) throws(StorageError) -> AlertRules {
        var rules = AlertRules()
        for (text, option, place) in [
            (warning, "--warning", \AlertThreshold.warning), (critical, "--critical", \AlertThreshold.critical),
        ] {
            guard let text else { continue }
            if let range = AlertRange(parsing: text, number: percent) {
                rules.usedPercent[keyPath: place] = range
            } else if let range = AlertRange(parsing: text, number: bytes) {
                rules.usedBytes[keyPath: place] = range
            } else {
                throw wrong(text, option, "80%, 10:90% or 500GiB")
            }
        }
        if let daysLeft {
            rules.daysLeft = try pair(daysLeft, "--days-left", "14 or 14:7", days) { AlertRange(lower: $0) }
        }
        if let growth {
            rules.growthBytesPerDay = try pair(growth, "--growth", "5GiB/d or 5GiB/d:20GiB/d", rate) {
                AlertRange(lower: -.infinity, upper: $0)
            }
        }
        if let backupAge {
            rules.backupAgeSeconds = try pair(backupAge, "--backup-age", "26h or 26h:50h", seconds) {
                AlertRange(upper: $0)
            }
        }
        return rules
    }

    /// One threshold for a warning, and perhaps another for what is critical.
    private static func pair(
        _ text: String, _ option: String, _ example: String, _ number: (String) -> Double?,
        _ range: (Double) -> AlertRange
    ) throws(StorageError) -> AlertThreshold {
        let values = text.split(separator: ":", omittingEmptySubsequences: false).map { number(String($0)) }
        guard (1...2).contains(values.count), let first = values[0] else { throw wrong(text, option, example) }
        if values.count == 1 { return AlertThreshold(warning: range(first)) }
        guard let second = values[1] else { throw wrong(text, option, example) }
        return AlertThreshold(warning: range(first), critical: range(second))
    }

    private static func wrong(_ text: String, _ option: String, _ example: String) -> StorageError {
        StorageError(
            .invalidInput, object: text, "\(option) '\(text.printable(limit: 60))' is not a threshold",
            hint: "write it as in \(example)")
    }

    /// `80%`, or `80` alone.
    private static func percent(_ text: String) -> Double? {
        decimal(text.hasSuffix("%") ? String(text.dropLast()) : text)
    }

    private static func days(_ text: String) -> Double? {
        decimal(text.hasSuffix("d") ? String(text.dropLast()) : text)
    }

    private static func bytes(_ text: String) -> Double? { ByteCount(parsing: text).map { Double($0.bytes) } }

    private static func seconds(_ text: String) -> Double? { TimeSpan(parsing: text).map { Double($0.seconds) } }

    /// `5GiB/d`: bytes for each hour, day or week, in bytes for each day.
    private static func rate(_ text: String) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let bytes = bytes(parts[0]) else { return nil }
        switch parts[1] {
        case "h": return bytes * 24
        case "d": return bytes
        case "w": return bytes / 7
        default: return nil
        }
    }

    private static func decimal(_ text: String) -> Double? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else {
            return nil
        }
        return Double(text)
    }
}
