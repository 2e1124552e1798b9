internal import Holdfast
internal import StorageModel

/// One volume as `volume ls` and `volume inspect` show it.
struct VolumeRow {
    let details: VolumeDetails
    let usage: UsageTotals?

    init(_ details: VolumeDetails, usage: UsageTotals? = nil) {
        self.details = details
        self.usage = usage
    }

    /// The keys are a promise to scripts.
    var json: JSONValue {
        let volume = details.volume
        var members: [String: JSONValue] = [
            "name": .string(volume.name.rawValue), "driver": .string(volume.driver),
            "mountpoint": .string(details.mountpoint), "createdAt": .string(volume.createdAt.description),
            "labels": .strings(volume.labels), "options": .strings(LocalDriverOptions.shown(volume.options)),
            "anonymous": .boolean(volume.isAnonymous), "protected": .boolean(volume.isProtected),
            "references": .array(details.references.map { .string($0) }),
            "populatedFrom": .optional(volume.population?.image),
            "populatedImageId": .optional(volume.population?.imageID.description),
            "populatedPath": .optional(volume.population?.path.rawValue),
            "populatedAt": .optional(volume.population?.populatedAt.description),
            "lastMountedAt": .optional(volume.lastMountedAt?.description),
        ]
        if let usage {
            members["allocatedBytes"] = .unsigned(usage.allocatedBytes)
            members["apparentBytes"] = .unsigned(usage.apparentBytes)
            members["files"] = .unsigned(usage.files)
            members["directories"] = .unsigned(usage.directories)
            members["errors"] = .unsigned(usage.errors)
        }
        return .object(members)
    }

    static func table(_ rows: [VolumeRow], withSizes: Bool) -> Table {
        var table = emptyTable(withSizes: withSizes)
        for row in rows {
            let volume = row.details.volume
            table.append(
                cells(volume.driver, volume.name, volume.createdAt, withSizes ? .some(row.usage) : nil))
        }
        return table
    }

    /// The columns of every list of volumes.
    static func emptyTable(withSizes: Bool) -> Table {
        var columns = [
            Table.Column(heading: "DRIVER"), Table.Column(heading: "VOLUME NAME", isFlexible: true),
            Table.Column(heading: "CREATED"),
        ]
        if withSizes {
            columns += [
                Table.Column(heading: "FILES", isNumber: true), Table.Column(heading: "SIZE", isNumber: true),
            ]
        }
        return Table(columns)
    }

    /// - Parameter size: `nil` in a table without sizes; no usage for a volume that could not be measured.
    static func cells(
        _ driver: String, _ name: VolumeName, _ createdAt: Timestamp?, _ size: UsageTotals??
    ) -> [String] {
        let cells = [driver, name.rawValue, createdAt.map { Timestamp(seconds: $0.seconds).description } ?? "-"]
        guard let size else { return cells }
        guard let usage = size else { return cells + ["-", "-"] }
        // What cannot be read is missing in both.
        let mark = usage.errors > 0 ? "≥" : ""
        return cells + [mark + usage.files.grouped, mark + usage.allocatedBytes.asBytes]
    }
}
