internal import Holdfast
internal import StorageModel

/// What changed in a source, as `usage diff` shows it.
enum UsageDiffRow {
    static func summary(_ difference: UsageDifference) -> String {
        let (before, after) = (difference.before, difference.after)
        let change = Int64(clamping: after.totals.allocatedBytes) - Int64(clamping: before.totals.allocatedBytes)
        let files = Int64(clamping: after.totals.files) - Int64(clamping: before.totals.files)
        return "\(difference.source.description.printable()): \(size(before)) at \(before.scannedAt), "
            + "\(size(after)) at \(after.scannedAt): \(signed(change)), \(files < 0 ? "" : "+")\(files) files\n"
    }

    private static func size(_ sample: UsageSample) -> String {
        (sample.isLowerBound ? "≥" : "") + sample.totals.allocatedBytes.asBytes
    }

    static func signed(_ change: Int64) -> String { (change < 0 ? "-" : "+") + change.magnitude.asBytes }

    static func table(_ difference: UsageDifference, limit: Int) -> Table {
        var table = Table([
            Table.Column(heading: "CHANGE", isNumber: true), Table.Column(heading: "KIND"),
            Table.Column(heading: "BEFORE", isNumber: true), Table.Column(heading: "AFTER", isNumber: true),
            Table.Column(heading: "FILES", isNumber: true), Table.Column(heading: "DIRECTORY", isFlexible: true),
        ])
        for change in difference.changes.prefix(limit) {
            let files = Int64(clamping: change.afterFiles) - Int64(clamping: change.beforeFiles)
            table.append([
                (change.isBeforeUnknown ? "≥" : "") + signed(change.changeBytes), change.kind.rawValue,
                (change.isBeforeUnknown ? "<" : "") + change.beforeBytes.asBytes, change.afterBytes.asBytes,
                change.isBeforeUnknown ? "-" : (files < 0 ? "" : "+") + String(files), change.path.description,
            ])
        }
        return table
    }

    /// The keys are a promise to scripts.
    static func json(_ difference: UsageDifference, limit: Int) -> JSONValue {
        [
            "source": .string(difference.source.description), "before": UsageHistoryRow.json(difference.before),
            "after": UsageHistoryRow.json(difference.after),
            "unrecordedBytes": .unsigned(difference.unrecordedBytes),
            "changes": .array(
                difference.changes.prefix(limit).map { change in
                    [
                        "path": .string(change.path.description), "kind": .string(change.kind.rawValue),
                        "changeBytes": .integer(change.changeBytes),
                        "beforeBytes": change.isBeforeUnknown ? .null : .unsigned(change.beforeBytes),
                        "afterBytes": .unsigned(change.afterBytes),
                        "beforeFiles": change.isBeforeUnknown ? .null : .unsigned(change.beforeFiles),
                        "afterFiles": .unsigned(change.afterFiles),
                    ]
                }),
        ]
    }
}
