internal import Holdfast
internal import StorageModel

/// How a job stands, as it is printed.
enum JobOverviewRow {
    /// The keys are a promise to scripts.
    static func json(_ overview: JobOverview) -> JSONValue {
        let (job, last) = (overview.job, overview.lastRun)
        return [
            "name": .string(job.name.rawValue), "file": .string(overview.file),
            "schedule": .optional(job.schedule?.text), "timezone": .optional(job.schedule?.zoneName),
            "lastSuccessAt": .optional(overview.lastSuccessAt?.description),
            "lastRunAt": .optional(last?.startedAt.description), "lastResult": .optional(last?.outcome.rawValue),
            "nextRunAt": .optional(overview.nextRunAt?.description),
            "sizeBytes": .optional(overview.sizesBytes.last), "seconds": last.map { .seconds($0.seconds) } ?? .null,
            "sizesBytes": .array(overview.sizesBytes.map { .unsigned($0) }),
            "growthBytesPerRun": overview.growthBytesPerRun.map { .integer($0) } ?? .null,
            "failures": .array((last?.failures ?? []).map { .string($0) }),
        ]
    }

    static func table(_ rows: [JobOverview]) -> Table {
        var table = Table([
            Table.Column(heading: "JOB"), Table.Column(heading: "LAST SUCCESS"), Table.Column(heading: "LAST RESULT"),
            Table.Column(heading: "NEXT RUN"), Table.Column(heading: "SIZE", isNumber: true),
            Table.Column(heading: "DURATION", isNumber: true), Table.Column(heading: "TREND"),
            Table.Column(heading: "FILE", isFlexible: true),
        ])
        for row in rows {
            table.append([
                row.job.name.rawValue, row.lastSuccessAt?.wholeSeconds ?? "never",
                row.lastRun?.outcome.rawValue ?? "-", row.nextRunAt?.wholeSeconds ?? "-",
                row.sizesBytes.last?.asBytes ?? "-", row.lastRun.map { durationText(seconds: $0.seconds) } ?? "-",
                trend(row), row.file,
            ])
        }
        return table
    }

    private static func trend(_ row: JobOverview) -> String {
        guard let growth = row.growthBytesPerRun else { return "-" }
        let sign = growth < 0 ? "-" : "+"
        return "\(sparkline(row.sizesBytes)) \(sign)\(growth.magnitude.asBytes)/run"
    }

    /// The numbers as bars between the smallest and the largest of them; a flat line where all are equal.
    static func sparkline(_ numbers: [UInt64]) -> String {
        let bars = Array("▁▂▃▄▅▆▇█")
        guard let least = numbers.min(), let most = numbers.max() else { return "" }
        return String(
            numbers.map { number in
                guard most > least else { return bars[0] }
                return bars[Int(Double(number - least) / Double(most - least) * Double(bars.count - 1) + 0.5)]
            })
    }
}

extension Timestamp {
    fileprivate var wholeSeconds: String { Timestamp(seconds: seconds).description }
}
