package import Catalog
package import FileTree
package import StorageModel

/// The volumes of a store and their life.
///
/// A volume is a row of the catalog and a directory `volumes/<name>` with two entries: `_data`, which containers mount,
/// and `.lease`, an empty file that whoever reads the data for long locks shared, and whoever removes or replaces it
/// locks exclusively. A directory without a row is garbage of a crash and is swept; a row never appears before its
/// directory is on disk.
///
/// ```swift
/// let volumes = Volumes(catalog: catalog, directory: …, staging: …, trash: …, hostPath: "/var/lib/holdfast/volumes")
/// _ = try volumes.create(VolumeRequest(name: VolumeName("pg")))
/// let opened = try volumes.open(VolumeName("pg"), for: .reading)   // opened.data, until `opened` is released
/// try volumes.remove(VolumeName("pg"), force: false)
/// ```
package final class Volumes: Sendable {
    let catalog: Catalog
    /// `volumes/`
    package let records: RecordedDirectory
    var directory: Descriptor { _read { yield records.directory } }
    let staging: Descriptor
    let interrupted: InterruptedRename
    /// The absolute path of `volumes/`, without symbolic links.
    let hostPath: String

    static let dataName = Array("_data".utf8)
    static let leaseName = Array(".lease".utf8)

    package init(
        catalog: Catalog, directory: consuming Descriptor, staging: consuming Descriptor, trash: consuming Descriptor,
        hostPath: String
    ) {
        self.catalog = catalog
        let interrupted = InterruptedRename(directory)
        self.interrupted = interrupted
        records = RecordedDirectory(
            directory, "volume", catalog: catalog, trash: trash,
            names: { (transaction) throws(StorageError) in try transaction.volumeNames() },
            rescue: { (name, transaction) throws(StorageError) in try interrupted.undo(at: name, transaction) })
        self.staging = staging
        self.hostPath = hostPath
    }

    /// The volumes that the filter means, in the order of their names.
    package func list(matching filter: VolumeFilter = .all) throws(StorageError) -> [Volume] {
        try catalog.volumes(matching: filter)
    }

    /// - Throws: ``StorageError/Code/notFound`` if there is no volume of that name.
    package func volume(named name: VolumeName) throws(StorageError) -> Volume {
        guard let volume = try catalog.volume(named: name) else { throw Self.missing(name) }
        return volume
    }

    /// The host path of the volume's data, whether or not the volume exists.
    package func mountpoint(of name: VolumeName) -> String { "\(hostPath)/\(name)/_data" }

    /// Makes `remove` refuse the volume, or permits it again. On disk when this returns.
    package func setProtection(_ isProtected: Bool, of name: VolumeName) throws(StorageError) {
        let found = try catalog.transaction { transaction throws(StorageError) in
            try transaction.setProtection(isProtected, of: name)
        }
        if !found { throw Self.missing(name) }
    }

    /// What the volume takes, counted as `du` counts. Cost: proportional to the tree. Takes no lease.
    ///
    /// - Throws: what keeps a device from being mounted: its data is measured where it is, and under a shared lease.
    package func usage(of name: VolumeName, threads: Int) throws(StorageError) -> UsageTotals {
        try withDataToMeasure(of: name) { data throws(StorageError) in
            try attempt("measure volume '\(name)'", name) { () throws(FileError) in
                try UsageScan.totals(of: data.descriptor, threads: threads)
            }
        }
    }

    /// Calls `body` with the root of the volume's data, which others may change meanwhile: no lease is taken, except of what
    /// has to be mounted for it.
    package func withDataToMeasure<Result>(
        of name: VolumeName, _ body: (SharedDescriptor) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        if let data = try dataToMeasure(of: name) { return try body(data) }
        return try withData(of: try open(name, for: .reading), body)
    }

    /// The root of the volume's data, without a lease; `nil` if it is on a device that would have to be mounted.
    package func dataToMeasure(of name: VolumeName) throws(StorageError) -> SharedDescriptor? {
        if try device(of: try volume(named: name)) != nil { return nil }
        return try attempt("measure volume '\(name)'", name) { () throws(FileError) in
            SharedDescriptor(try directory.openDirectory(name.bytes).openDirectory(Self.dataName))
        }
    }

    /// The device numbers of those volumes whose data is a subvolume of btrfs: each has one of its own.
    package func subvolumeDevices(_ names: [VolumeName]) -> Set<UInt64> {
        guard Subvolume.canLie(in: directory) else { return [] }
        return Set(
            names.compactMap { name in
                guard let home = try? directory.openDirectory(name.bytes),
                    (try? Subvolume.lies(Self.dataName, in: home)) == true
                else { return nil }
                return try? home.status(of: Self.dataName).device
            })
    }

    package static func missing(_ name: VolumeName) -> StorageError {
        StorageError(
            .notFound, object: name.rawValue, "there is no volume '\(name)'",
            hint: "holdfast volume ls shows the volumes; holdfast volume create \(name) makes this one")
    }

    static func withoutData(_ name: VolumeName) -> StorageError {
        StorageError(
            .damaged, object: name.rawValue, "volume '\(name)' is in the catalog, but its data directory is missing",
            hint: "put the directory back, or remove the record with: holdfast volume rm \(name)")
    }

    /// Gives a failure of a file operation the volume's name.
    package func attempt<Result: ~Copyable>(
        _ doing: String, _ name: VolumeName, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(error, doing: doing, object: name.rawValue)
        }
    }
}

extension Volume {
    /// Whether both are one row of the catalog, not two that had the same name one after the other.
    func isSame(as other: Volume) -> Bool { name == other.name && createdAt == other.createdAt }
}

extension VolumeName {
    /// The name as one path component.
    var bytes: [UInt8] { Array(rawValue.utf8) }
}
