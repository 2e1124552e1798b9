internal import Holdfast
internal import StorageModel

/// One source's history as `usage history` shows it.
enum UsageHistoryRow {
    static func table(_ series: [UsageSeries]) -> Table {
        var table = Table([
            Table.Column(heading: "SOURCE", isFlexible: true), Table.Column(heading: "SAMPLES", isNumber: true),
            Table.Column(heading: "TREND"), Table.Column(heading: "FIRST", isNumber: true),
            Table.Column(heading: "LAST", isNumber: true), Table.Column(heading: "MIN", isNumber: true),
            Table.Column(heading: "MAX", isNumber: true), Table.Column(heading: "GROWTH/DAY", isNumber: true),
            Table.Column(heading: "DAYS LEFT"),
        ])
        for row in series { table.append(cells(row)) }
        return table
    }

    private static func cells(_ series: UsageSeries) -> [String] {
        let flagged = series.samples.count(where: \.isOutOfOrder)
        let right = series.samples.filter { !$0.isOutOfOrder }
        let sizes = right.map(\.totals.allocatedBytes)
        let size = { (bytes: UInt64?) in bytes?.asBytes ?? "-" }
        let bound = right.last?.isLowerBound == true ? "≥" : ""
        return [
            series.source.description, "\(series.samples.count)\(flagged > 0 ? " (\(flagged)!)" : "")",
            Sparkline.text(of: right.map { ($0.scannedAt, $0.totals.allocatedBytes) }), size(sizes.first),
            bound + size(sizes.last), size(sizes.min()), size(sizes.max()), growth(series.trend), ending(series.trend),
        ]
    }

    static func growth(_ trend: UsageTrend) -> String {
        guard let growth = trend.soundGrowthBytesPerDay else { return "-" }
        return (growth < 0 ? "-" : "+") + UInt64(min(growth.magnitude, 1e18)).asBytes
    }

    /// The days with their interval, or why there are none.
    static func ending(_ trend: UsageTrend) -> String {
        guard let days = trend.daysLeft, let interval = trend.daysLeftInterval else {
            return "no forecast: \(trend.doubt?.words ?? "")"
        }
        return "\(number(days)) (\(number(interval.lowerBound)) to \(number(interval.upperBound)))"
    }

    /// One decimal below ten, none from there on.
    private static func number(_ days: Double) -> String {
        guard days.isFinite, days < 1e9 else { return "∞" }
        return days < 10 ? String((days * 10).rounded() / 10) : String(Int64(days.rounded()))
    }

    /// The keys are a promise to scripts.
    static func json(_ series: UsageSeries) -> JSONValue {
        [
            "source": .string(series.source.description), "samples": .array(series.samples.map(json)),
            "trend": json(series.trend), "fileSystemTrend": json(series.fileSystemTrend),
        ]
    }

    static func json(_ sample: UsageSample) -> JSONValue {
        [
            "scannedAt": .string(sample.scannedAt.description),
            "allocatedBytes": .unsigned(sample.totals.allocatedBytes),
            "apparentBytes": .unsigned(sample.totals.apparentBytes), "files": .unsigned(sample.totals.files),
            "directories": .unsigned(sample.totals.directories), "errors": .unsigned(sample.totals.errors),
            "partial": .boolean(sample.isPartial), "outOfOrder": .boolean(sample.isOutOfOrder),
            "fileSystemBytes": .optional(sample.space?.totalBytes),
            "fileSystemUsedBytes": .optional(sample.space?.usedBytes),
            "fileSystemAvailableBytes": .optional(sample.space?.availableBytes),
        ]
    }

    static func json(_ trend: UsageTrend) -> JSONValue {
        [
            "samples": .integer(Int64(trend.samples)), "growthBytesPerDay": bytes(trend.growthBytesPerDay),
            "growthLowerBytesPerDay": bytes(trend.growthInterval?.lowerBound),
            "growthUpperBytesPerDay": bytes(trend.growthInterval?.upperBound), "daysLeft": days(trend.daysLeft),
            "daysLeftLower": days(trend.daysLeftInterval?.lowerBound),
            "daysLeftUpper": days(trend.daysLeftInterval?.upperBound), "doubt": .optional(trend.doubt?.rawValue),
        ]
    }

    private static func bytes(_ value: Double?) -> JSONValue {
        value.map { .integer(Int64(max(-9e18, min(9e18, $0.rounded())))) } ?? .null
    }

    private static func days(_ value: Double?) -> JSONValue {
        value.map { .number(($0 * 1000).rounded() / 1000) } ?? .null
    }
}
