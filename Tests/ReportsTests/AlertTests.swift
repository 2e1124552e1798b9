import Reports
import StorageModel
import Testing

/// Goal: ranges mean what the guidelines for plugins say, and states follow from them. Method: the table of the guidelines.
@Suite("Alerts") struct AlertTests {
    private static func number(_ text: String) -> Double? { Double(text) }

    @Test(
        "the table of the guidelines",
        arguments: [
            ("10", [0.0, 5, 10], [-1.0, 11]), ("10:", [10.0, 1000], [9.0, -5]), ("~:10", [-100.0, 10], [11.0]),
            ("10:20", [10.0, 15, 20], [9.0, 21]), ("@10:20", [9.0, 21], [10.0, 15, 20]),
            ("@10", [-1.0, 11], [0.0, 10]),
            ("0:0", [0.0], [1.0, -1]),
        ])
    func ranges(text: String, good: [Double], bad: [Double]) throws {
        let range = try #require(AlertRange(parsing: text, number: Self.number))
        for value in good { #expect(!range.alerts(value), "\(text) \(value)") }
        for value in bad { #expect(range.alerts(value), "\(text) \(value)") }
        let again = try #require(AlertRange(parsing: range.text { String(Int($0)) }, number: Self.number))
        #expect(again == range, "\(range.text { String(Int($0)) })")
    }

    @Test("what is no range is refused", arguments: ["", ":", "x", "20:10", "1:2:3", "@", "~", "10:x", "@:"])
    func wrong(text: String) { #expect(AlertRange(parsing: text, number: Self.number) == nil) }

    private static func alerts(
        used: Double = 50, growth: UInt64 = 0, samples: Int = 10, backupAge: Int64? = nil, _ rules: AlertRules
    ) throws -> SourceAlerts {
        let total: UInt64 = 1000 << 30
        let usedBytes = UInt64(Double(total) * used / 100)
        let history = (0..<samples).map { index in
            var totals = UsageTotals()
            totals.allocatedBytes = (10 << 30) + UInt64(index) * growth
            return UsageSample(
                scannedAt: Timestamp(seconds: 1_772_366_400 - Int64(samples - index) * 86_400), totals: totals,
                space: FileSystemRoom(totalBytes: total, usedBytes: usedBytes, availableBytes: total - usedBytes))
        }
        let source = SourceReference.volume(try VolumeName("pg"))
        let series = UsageSeries(source, recorded: history, now: Timestamp(seconds: 1_772_366_400))
        let backup = SourceFreshness(
            source: "holdfast:pg", ageSeconds: backupAge, state: backupAge == nil ? .missing : .fresh)
        return SourceAlerts(source, try #require(history.last), series: series, backup: backup, rules: rules)
    }

    @Test("states follow from values and thresholds")
    func states() throws {
        var rules = AlertRules()
        rules.usedPercent = AlertThreshold(warning: AlertRange(upper: 80), critical: AlertRange(upper: 90))
        #expect(try Self.alerts(used: 50, rules).state == .good)
        #expect(try Self.alerts(used: 80, rules).state == .good)
        #expect(try Self.alerts(used: 81, rules).state == .warning)
        #expect(try Self.alerts(used: 99, rules).state == .critical)
        rules = AlertRules()
        rules.daysLeft = AlertThreshold(warning: AlertRange(lower: 14), critical: AlertRange(lower: 7))
        #expect(try Self.alerts(growth: 10 << 30, rules).state == .good)
        #expect(try Self.alerts(growth: 40 << 30, rules).state == .warning)
        #expect(try Self.alerts(growth: 100 << 30, rules).state == .critical)
        #expect(try Self.alerts(growth: 100 << 30, samples: 3, rules).state == .good, "no forecast, no alert")
        #expect(try Self.alerts(growth: 0, rules).state == .good)
        rules = AlertRules()
        rules.growthBytesPerDay = AlertThreshold(warning: AlertRange(lower: -.infinity, upper: Double(5 << 30)))
        #expect(try Self.alerts(growth: 4 << 30, rules).state == .good)
        #expect(try Self.alerts(growth: 6 << 30, rules).state == .warning)
        rules = AlertRules()
        rules.backupAgeSeconds = AlertThreshold(
            warning: AlertRange(upper: 93_600), critical: AlertRange(upper: 180_000))
        #expect(try Self.alerts(backupAge: 3600, rules).state == .good)
        #expect(try Self.alerts(backupAge: 100_000, rules).state == .warning)
        #expect(try Self.alerts(backupAge: 200_000, rules).state == .critical)
        #expect(try Self.alerts(backupAge: nil, rules).state == .critical, "no backup at all")
    }

    @Test("critical counts more than unknown, unknown more than a warning")
    func order() {
        #expect(AlertState.allCases.sorted() == [.good, .warning, .unknown, .critical])
        #expect(AlertState.allCases.map(\.rawValue) == [0, 1, 2, 3])
    }
}
