internal import Catalog
internal import FileTree
package import StorageModel

extension Volumes {
    /// Removes the volumes that nothing uses.
    ///
    /// Nothing of what makes a volume wanted is overridden: protection, a container that mounts it, a process or a mount that
    /// uses its data, work of Holdfast on it. Each volume is looked at under its exclusive lease and removed as
    /// ``remove(_:force:)`` does it, so others may create, use, remove and prune volumes at the same time.
    ///
    /// Cost: a look at the processes of the machine, and a walk over the tree to measure it, for each volume that goes; no walk
    /// where the file system has an account of the volume.
    ///
    /// - Parameters:
    ///   - filter: which volumes are meant; the others are not in the report.
    ///   - all: whether volumes with a name that somebody chose go too.
    ///   - isDryRun: says what would go, and changes nothing.
    package func prune(
        matching filter: VolumeFilter, all: Bool, isDryRun: Bool, checkpoint: Checkpoint
    ) throws(StorageError) -> VolumePruneReport {
        var report = VolumePruneReport()
        for (volume, containers) in try catalog.volumesWithContainers(matching: filter) {
            try checkpoint.interruption.check()
            if let reason = Self.reasonToKeep(volume, containers, all: all) {
                report.entries.append(.init(volume: volume, outcome: .kept, reason: reason))
            } else if let entry = try prune(volume, filter, isDryRun: isDryRun) {
                report.entries.append(entry)
            }
        }
        return report
    }

    /// What the records alone say.
    private static func reasonToKeep(_ volume: Volume, _ containers: [ContainerName], all: Bool) -> String? {
        if volume.isProtected { return "it is protected" }
        if let user = containers.first {
            let others = containers.count - 1
            return "container '\(user)'\(others == 0 ? "" : " and \(others) other\(others == 1 ? "" : "s")") "
                + (others == 0 ? "mounts it" : "mount it")
        }
        if !all && !volume.isAnonymous { return "it has a name; --all removes it too" }
        if volume.options["type"] != nil || volume.options["device"] != nil {
            let type = (volume.options["type"] ?? "").printable(limit: 40)
            return "its data is elsewhere (type=\(type)) and was not measured; holdfast volume rm removes the record"
        }
        return nil
    }

    /// - Returns: `nil` if another process removed the volume meanwhile.
    private func prune(
        _ volume: Volume, _ filter: VolumeFilter, isDryRun: Bool
    ) throws(StorageError) -> VolumePruneReport.Entry? {
        let name = volume.name
        var allocatedBytes: UInt64?
        do throws(StorageError) {
            let opened = try openWithoutData(name, for: .changing)
            // Under the lease it is not exchanged for another of the same name; what it was found by must still be so.
            guard opened.volume.isSame(as: volume) else { return nil }
            guard filter.matches(opened.volume, isReferenced: false) else {
                return .init(volume: opened.volume, outcome: .kept, reason: "it was changed meanwhile")
            }
            try refuseRemoval(of: opened, force: false)
            allocatedBytes = try freedBytes(of: opened.volume)
            if !isDryRun { try removeOpened(opened, force: false) }
        } catch {
            switch error.code {
            case .notFound: return nil
            case .interrupted: throw error
            case .inUse: return .init(volume: volume, outcome: .kept, reason: error.message)
            default: return .init(volume: volume, outcome: .failed, reason: error.message)
            }
        }
        let kind = volume.isAnonymous ? "anonymous" : "unused"
        return .init(
            volume: volume, outcome: .removed, reason: "\(kind), no container refers to it",
            allocatedBytes: allocatedBytes)
    }

    /// What removing the volume frees: by the file system's own account where there is one, else by a walk.
    private func freedBytes(of volume: Volume) throws(StorageError) -> UInt64 {
        if let size = accountedSize(of: volume, syncs: true) { return size.freedBytes }
        return try usage(of: volume.name, threads: WorkerPool.defaultThreads).allocatedBytes
    }
}
