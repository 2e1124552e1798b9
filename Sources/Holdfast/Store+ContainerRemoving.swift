internal import Containers
public import StorageModel
internal import Volumes

extension Store {
    /// Removes a container with what it changed.
    ///
    /// - Parameters:
    ///   - force: also if its root is mounted; one that runs is refused all the same.
    ///   - removesVolumes: whether the anonymous volumes that it asked for go with it. A volume that another container has too,
    ///     that is protected or in use stays; volumes with a name always do. The rows go in the same transaction as the
    ///     container's.
    public func removeContainer(
        _ text: String, force: Bool = false, removesVolumes: Bool = false
    ) throws(StorageError) -> ContainerRemoval {
        try remove(try containers.container(text), force: force, removesVolumes: removesVolumes)
    }

    func remove(
        _ container: Container, force: Bool, removesVolumes: Bool
    ) throws(StorageError) -> ContainerRemoval {
        var result = ContainerRemoval(container: container)
        let owned = removesVolumes ? container.mounts.filter(\.ownsVolume).compactMap(\.spec.volumeName) : []
        guard !owned.isEmpty else {
            try containers.remove(container, force: force)
            return result
        }
        var release: VolumeRelease?
        try containers.remove(container, force: force) { () throws(StorageError) in
            let prepared = try VolumeRelease(of: owned, in: volumes)
            release = prepared
            return { transaction throws(StorageError) in try prepared.remove(in: transaction) }
        }
        try release?.finish()
        result.volumes = release?.removed ?? []
        result.keptVolumes = release?.kept ?? []
        return result
    }

    /// Removes the containers that are neither mounted nor running. Their volumes stay.
    ///
    /// - Parameter isDryRun: says what would go, and changes nothing.
    /// - Returns: what went, the oldest first, each with what it took on disk.
    public func pruneContainers(
        isDryRun: Bool, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [ContainerRemoval] {
        var removed: [ContainerRemoval] = []
        for container in try containers.list() {
            do throws(StorageError) {
                if try containers.details(of: container).isMounted { continue }
                let size = try? DiskFreeMeasuring(self, checkpoint, nil).sizes(of: container).first
                try checkpoint.interruption.check()
                if isDryRun {
                    _ = try containers.open(container, for: .changing)
                } else {
                    try containers.remove(container, force: false)
                }
                removed.append(ContainerRemoval(container: container, reclaimedBytes: size?.totals.allocatedBytes))
            } catch  where error.code == .inUse || error.code == .notFound {}
        }
        return removed
    }
}
