internal import Backups
internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
internal import Reports
internal import StorageModel
internal import Volumes

/// Finds out what ``DiskFreeAccounting`` reckons with: the rows of the catalog as one state, sizes, and who uses what.
struct DiskFreeSurvey {
    /// The rows of the catalog.
    struct Records {
        let layers: [Layer]
        let images: [Image]
        let containers: [Container]
        let volumes: [Volume]
        let users: [VolumeName: [ContainerName]]
        let sizes: [MeasuredObject: MeasuredSize]
    }

    let store: Store
    let request: DiskFreeRequest
    let checkpoint: Checkpoint
    private let takenAt = Timestamp.now
    private var measured: [MeasuredObject: MeasuredSize] = [:]
    private var failures: [StorageError] = []
    /// Whether everything that was written before is in the accounts of the store's file system.
    private var isSynced = false

    init(_ store: Store, _ request: DiskFreeRequest, _ checkpoint: Checkpoint) {
        self.store = store
        self.request = request
        self.checkpoint = checkpoint
    }

    mutating func run() throws(StorageError) -> DiskFreeFacts {
        let root = try attempt("examine the store") { () throws(FileError) in try store.root.status() }
        let records = try read()
        let processes = DiskFreeProcesses.survey(
            of: store.volumes, devices: store.volumes.subvolumeDevices(records.volumes.map(\.name)).union([root.device])
        )
        checkpoint.progress.begin("measuring", totalEntries: nil, totalBytes: nil)
        let (containers, volumes) = (try containers(records), try volumes(records, processes.heldVolumes))
        let cache = try DiskFreeCache(store, records, checkpoint).run(&failures)
        var backups: [BackupSpace] = []
        for destination in request.backups {
            backups.append(try BackupSizes.measure(destination, store: root, checkpoint: checkpoint))
        }
        let space = try attempt("examine the store") { () throws(FileError) in try store.root.fileSystemRoom() }
        var facts = DiskFreeFacts(takenAt: takenAt, rootPath: store.rootPath, space: space)
        facts.layers = try layers(records)
        for image in records.images {
            facts.images.append(.init(image: image, blobBytes: try store.images.blobBytes(of: image.id)))
        }
        (facts.containers, facts.volumes) = (containers, volumes)
        (facts.backups, facts.cache) = (backups, cache)
        facts.storeBytes = try attempt("measure the store") { () throws(FileError) in try ownBytes(records) }
        facts.deletedOpenFiles = processes.deletedFiles
        facts.seesAllProcesses = processes.seesAll
        remember()
        facts.failures = failures
        return facts
    }

    private func read() throws(StorageError) -> Records {
        try store.catalog.read { transaction throws(StorageError) in
            Records(
                layers: try transaction.layers(), images: try transaction.images(),
                containers: try transaction.containers(), volumes: try transaction.volumes(),
                users: try transaction.containersByVolume(), sizes: try transaction.measuredSizes())
        }
    }

    private func layers(_ records: Records) throws(StorageError) -> [LayerAccounting.Member] {
        var members: [LayerAccounting.Member] = []
        for layer in records.layers {
            let overhead = try store.layers.overheadBytes(of: layer.chainID)
            members.append(
                .init(
                    id: layer.chainID, parent: layer.parent, sizeBytes: layer.allocatedBytes.clampedSum(overhead)))
        }
        return members
    }

    /// The catalog with its journal, and the directories that belong to nothing else.
    private func ownBytes(_ records: Records) throws(FileError) -> UInt64 {
        var bytes = try store.root.status().allocatedBytes
        for entry in try store.root.entries() { bytes += Self.allocatedBytes(of: entry.name, in: store.root) }
        bytes += try store.images.blobs.directory.status().allocatedBytes
        for volume in records.volumes {
            bytes += Self.allocatedBytes(
                of: Array(volume.name.rawValue.utf8), in: store.volumes.records.directory)
        }
        return bytes
    }

    /// Of an entry itself; nothing if it is gone meanwhile.
    private static func allocatedBytes(of name: [UInt8], in directory: borrowing Descriptor) -> UInt64 {
        (try? directory.status(of: name).allocatedBytes) ?? 0
    }

    private func attempt<Result>(
        _ doing: String, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(error, doing: "\(doing) at '\(store.rootPath.printable())'", object: store.rootPath)
        }
    }
}

// MARK: Measuring

extension DiskFreeSurvey {
    private mutating func containers(_ records: Records) throws(StorageError) -> [DiskFreeFacts.ContainerFact] {
        var facts: [DiskFreeFacts.ContainerFact] = []
        for container in records.containers {
            try checkpoint.interruption.check()
            let (total, upper) = (MeasuredObject.container(container.id), MeasuredObject.upper(container.id))
            do throws(StorageError) {
                let isActive = try store.containers.isActive(container)
                if isActive && request.measuresReclaimableOnly {
                    facts.append(.init(container: container, isActive: true, size: nil, upper: nil))
                    continue
                }
                var sizes = [total, upper].compactMap { remembered($0, records) }
                if sizes.count < 2 {
                    sizes = try DiskFreeMeasuring(store, checkpoint, request.threads).sizes(of: container)
                    (measured[total], measured[upper]) = (sizes[0], sizes[1])
                }
                facts.append(.init(container: container, isActive: isActive, size: sizes[0], upper: sizes[1]))
            } catch {
                let isRemoved = try isGone(error) { transaction throws(StorageError) in
                    try transaction.container(container.id) == nil
                }
                if isRemoved { continue }
                failures.append(error)
                facts.append(.init(container: container, isActive: false, size: nil, upper: nil))
            }
        }
        return facts
    }

    private mutating func volumes(
        _ records: Records, _ held: Set<String>
    ) throws(StorageError) -> [DiskFreeFacts.VolumeFact] {
        var facts: [DiskFreeFacts.VolumeFact] = []
        for volume in records.volumes {
            try checkpoint.interruption.check()
            let details = VolumeDetails(
                volume: volume, mountpoint: store.mountpoint(of: volume.name),
                references: (records.users[volume.name] ?? []).map(\.rawValue))
            var fact = DiskFreeFacts.VolumeFact(details: details, isHeld: held.contains(volume.name.rawValue))
            do throws(StorageError) {
                if fact.isFree || !request.measuresReclaimableOnly { fact.size = try size(of: volume, records) }
            } catch {
                let isRemoved = try isGone(error) { transaction throws(StorageError) in
                    try transaction.volume(named: volume.name)?.createdAt != volume.createdAt
                }
                if isRemoved { continue }
                failures.append(error)
            }
            facts.append(fact)
        }
        return facts
    }

    private mutating func size(of volume: Volume, _ records: Records) throws(StorageError) -> MeasuredSize? {
        let (object, known) = (MeasuredObject.volume(volume.name), request.measured[volume.name])
        if known == nil, let size = remembered(object, records) { return size }
        // Who takes remembered sizes takes those of the file system's last commit too. Otherwise one sync is enough.
        let syncs = request.maxAge == nil && !isSynced
        let size = try DiskFreeMeasuring(store, checkpoint, request.threads).size(
            of: volume, known: known, syncs: syncs)
        if size?.method == .group { isSynced = true } else if size?.isRemembered == false { measured[object] = size }
        return size
    }

    private func remembered(_ object: MeasuredObject, _ records: Records) -> MeasuredSize? {
        guard let maxAge = request.maxAge, let size = records.sizes[object], size.isFresh(within: maxAge, at: takenAt)
        else { return nil }
        return size
    }

    /// Whether what could not be measured was removed meanwhile, which is no failure.
    private func isGone(
        _ error: StorageError, _ isMissing: (Transaction) throws(StorageError) -> Bool
    ) throws(StorageError) -> Bool {
        if error.code == .interrupted { throw error }
        return try store.catalog.read(isMissing)
    }

    /// Keeps what was measured for who asks next. A full or read-only disk is no reason not to report.
    private mutating func remember() {
        if measured.isEmpty { return }
        let sizes = measured
        do throws(StorageError) {
            try store.catalog.transaction { transaction throws(StorageError) in try transaction.remember(sizes) }
        } catch {
            checkpoint.progress.warn("the sizes are not remembered for --max-age: \(error.message)")
        }
    }
}
