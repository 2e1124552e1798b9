internal import Holdfast
internal import StorageModel

/// What `volume prune` prints.
enum VolumePruneRow {
    /// The keys are a promise to scripts.
    static func json(_ report: VolumePruneReport) -> JSONValue {
        [
            "reclaimedBytes": .unsigned(report.reclaimedBytes),
            "volumes": .array(
                report.entries.map {
                    [
                        "name": .string($0.volume.name.rawValue), "outcome": .string($0.outcome.rawValue),
                        "reason": .string($0.reason), "allocatedBytes": .optional($0.allocatedBytes),
                    ]
                }),
        ]
    }

    static func table(_ entries: [VolumePruneReport.Entry], isDryRun: Bool) -> Table {
        var table = Table([
            Table.Column(heading: "OUTCOME"), Table.Column(heading: "VOLUME NAME"),
            Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "REASON", isFlexible: true),
        ])
        for entry in entries {
            let outcome =
                entry.outcome == .removed && isDryRun ? "would be removed" : entry.outcome.rawValue
            table.append([
                outcome, entry.volume.name.rawValue, entry.allocatedBytes?.asBytes ?? "-", entry.reason,
            ])
        }
        return table
    }
}
