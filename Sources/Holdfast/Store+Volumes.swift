internal import Catalog
internal import FileTree
public import StorageModel
internal import Volumes

extension Store {
    /// Makes a volume, or finds the one of that name if its driver, options and labels are those asked for.
    ///
    /// - Throws: ``StorageError/Code/conflict``, saying what differs, if the name is taken by a different volume;
    ///   ``StorageError/Code/invalidInput`` for a driver, option, owner or mode that cannot be.
    @discardableResult
    public func createVolume(_ request: VolumeRequest) throws(StorageError) -> VolumeCreation {
        try volumes.create(request)
    }

    /// The volumes that the filter means, in the byte order of their names. Cost: a few statements, whatever their number.
    public func volumes(matching filter: VolumeFilter = .all) throws(StorageError) -> [Volume] {
        try volumes.list(matching: filter)
    }

    /// What is known of the volumes that the filter means, in the byte order of their names. Cost: as ``volumes(matching:)``.
    public func volumeDetails(matching filter: VolumeFilter = .all) throws(StorageError) -> [VolumeDetails] {
        try catalog.volumesWithContainers(matching: filter).map { volume, containers in
            details(of: volume, containers)
        }
    }

    /// What is known of the named volumes, in the order of `names`.
    ///
    /// - Throws: ``StorageError/Code/notFound`` for the first name that no volume has.
    public func inspect(_ names: [VolumeName]) throws(StorageError) -> [VolumeDetails] {
        try catalog.read { transaction throws(StorageError) in
            var result: [VolumeDetails] = []
            for name in names {
                guard let volume = try transaction.volume(named: name) else { throw Volumes.missing(name) }
                result.append(details(of: volume, try transaction.containers(mounting: name)))
            }
            return result
        }
    }

    private func details(of volume: Volume, _ containers: [ContainerName]) -> VolumeDetails {
        VolumeDetails(
            volume: volume, mountpoint: mountpoint(of: volume.name), references: containers.map(\.rawValue))
    }

    /// The host path of the data of the volume with that name, whether or not it exists.
    public func mountpoint(of name: VolumeName) -> String { volumes.mountpoint(of: name) }

    /// What the volume takes, counted as `du` counts, by all cores. Cost: proportional to the number of its entries.
    public func usage(of name: VolumeName) throws(StorageError) -> UsageTotals {
        try volumes.usage(of: name, threads: WorkerPool.defaultThreads)
    }

    /// Protects the volume from removal, or lifts the protection.
    public func setProtection(of name: VolumeName, to isProtected: Bool) throws(StorageError) {
        try volumes.setProtection(isProtected, of: name)
    }
}
