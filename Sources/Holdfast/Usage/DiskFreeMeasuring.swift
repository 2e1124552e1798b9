internal import Catalog
internal import Containers
internal import FileTree
internal import StorageModel
internal import Volumes

/// Measures one thing of the store: by the file system's own account where there is one, else by a walk.
struct DiskFreeMeasuring {
    private let store: Store
    private let checkpoint: Checkpoint
    private let threads: Int

    init(_ store: Store, _ checkpoint: Checkpoint, _ threads: Int?) {
        self.store = store
        self.checkpoint = checkpoint
        self.threads = threads ?? WorkerPool.defaultThreads
    }

    /// - Parameters:
    ///   - known: what the same command found by a walk.
    ///   - syncs: whether accounts of subvolumes are to have what was written just now.
    /// - Returns: `nil` for a volume whose data is elsewhere and not at hand.
    func size(of volume: Volume, known: MeasuredSize? = nil, syncs: Bool) throws(StorageError) -> MeasuredSize? {
        let isInStore = try store.volumes.device(of: volume) == nil
        if let size = store.volumes.accountedSize(of: volume, syncs: syncs) { return size }
        if let known { return known }
        let isAtHand = isInStore ? true : try store.volumes.isDeviceAtHand(volume)
        guard isAtHand else { return nil }
        let begin = Timestamp.now
        do throws(StorageError) {
            let usage = try store.volumes.usage(of: volume.name, threads: threads)
            try checkpoint.interruption.check()
            return MeasuredSize(totals: usage, measuredAt: begin)
        } catch  where !isInStore && error.code != .interrupted {
            // It takes nothing of the store, whatever is the matter with it.
            return nil
        }
    }

    /// Everything in a container's directory, and its changes alone. What is mounted in it is not looked at.
    func sizes(of container: Container) throws(StorageError) -> [MeasuredSize] {
        let begin = Timestamp.now
        let found: (total: UsageTotals, upper: UsageTotals)
        do throws(FileError) {
            found = try totals(
                ofHome: try store.containers.records.directory.openDirectory(Array(container.id.rawValue.utf8)))
        } catch {
            throw StorageError(
                error, doing: "measure container '\(container.name)'", object: container.name.rawValue)
        }
        try checkpoint.interruption.check()
        return [found.total, found.upper].map { MeasuredSize(totals: $0, measuredAt: begin) }
    }

    private func totals(ofHome home: borrowing Descriptor) throws(FileError) -> (total: UsageTotals, upper: UsageTotals)
    {
        let status = try home.status()
        let upper = try totals(of: try home.openDirectory(ContainerStore.upperName))
        var total = upper
        total.allocatedBytes = total.allocatedBytes.clampedSum(status.allocatedBytes)
        total.directories += 1
        for entry in try home.entries() where entry.name != ContainerStore.upperName {
            total += try totals(ofEntry: entry.name, in: home, device: status.device)
        }
        return (total, upper)
    }

    private func totals(
        ofEntry name: [UInt8], in home: borrowing Descriptor, device: UInt64
    ) throws(FileError) -> UsageTotals {
        let status: FileStatus
        do throws(FileError) {
            status = try home.status(of: name)
        } catch  where error.errno == .noEntry {
            return UsageTotals()
        }
        guard status.kind == .directory else {
            var file = UsageTotals()
            (file.allocatedBytes, file.apparentBytes, file.files) = (status.allocatedBytes, status.sizeBytes, 1)
            return file
        }
        if status.device != device || status.isMountRoot { return UsageTotals() }
        var totals = try totals(of: try home.openDirectory(name))
        // Overlayfs's own directory in it has no permissions at all: only root lists it. It is empty when nothing is mounted.
        if name == ContainerStore.workName { totals.errors = 0 }
        return totals
    }

    private func totals(of directory: borrowing Descriptor) throws(FileError) -> UsageTotals {
        try DiskFreeWalk.totals(of: directory, threads: threads, checkpoint.interruption)
    }
}

/// The one place of `df` that walks a tree.
enum DiskFreeWalk {
    static func totals(
        of directory: borrowing Descriptor, threads: Int, _ interruption: Interruption
    ) throws(FileError) -> UsageTotals {
        var options = UsageScan.Options()
        options.threads = threads
        options.checkpoint = Checkpoint(interruption: interruption)
        return try UsageScan.run(directory, options).totals
    }
}
