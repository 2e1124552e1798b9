internal import Holdfast
internal import StorageModel

/// A volume of another engine as `volume ls --engine` and `volume inspect` show it: in the words and with the keys of our own.
struct EngineVolumeRow {
    let volume: EngineVolume
    let references: [String]
    let usage: VolumeUsage?

    init(_ details: EngineVolumeDetails, usage: VolumeUsage? = nil) {
        volume = details.volume
        references = details.references
        self.usage = usage
    }

    /// The keys of ``VolumeRow``, `engine` and `scope`. They are a promise to scripts.
    var json: JSONValue {
        let details = VolumeDetails(volume: volume.volume, mountpoint: volume.mountpoint, references: references)
        guard case .object(var members) = VolumeRow(details, usage: usage).json else { return .null }
        members["engine"] = .string(volume.reference.engine.rawValue)
        members["scope"] = .string(volume.scope)
        members["createdAt"] = .optional(volume.createdAt?.description)
        return .object(members)
    }

    /// The columns of ``VolumeRow``; a volume that could not be measured has no size.
    static func table(_ rows: [EngineVolumeRow], withSizes: Bool) -> Table {
        var columns = [
            Table.Column(heading: "DRIVER"), Table.Column(heading: "VOLUME NAME", isFlexible: true),
            Table.Column(heading: "CREATED"),
        ]
        if withSizes {
            columns += [
                Table.Column(heading: "FILES", isNumber: true), Table.Column(heading: "SIZE", isNumber: true),
            ]
        }
        var table = Table(columns)
        for row in rows {
            let created = row.volume.createdAt.map { Timestamp(seconds: $0.seconds).description }
            var cells = [row.volume.driver, row.volume.reference.name.rawValue, created ?? "-"]
            if withSizes { cells += [row.usage?.files.grouped ?? "-", row.usage?.allocatedBytes.asBytes ?? "-"] }
            table.append(cells)
        }
        return table
    }
}
