internal import Holdfast
internal import StorageModel

/// A volume of another engine as `volume ls --engine` and `volume inspect` show it: in the words and with the keys of our own.
struct EngineVolumeRow {
    let volume: EngineVolume
    let references: [String]
    let usage: UsageTotals?

    init(_ details: EngineVolumeDetails, usage: UsageTotals? = nil) {
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
        var table = VolumeRow.emptyTable(withSizes: withSizes)
        for row in rows {
            let volume = row.volume
            table.append(
                VolumeRow.cells(
                    volume.driver, volume.reference.name, volume.createdAt, withSizes ? .some(row.usage) : nil))
        }
        return table
    }
}
