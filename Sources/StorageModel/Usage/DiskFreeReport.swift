/// What takes the space of a store, what of it can be freed, and what takes the rest of its file system: what `df` says.
///
/// Sizes are allocated bytes, as `du` counts them. What is called reclaimable is what the file system has more of after the
/// command that the plan names, but for what a file system keeps of its own.
public struct DiskFreeReport: Sendable {
    public let takenAt: Timestamp
    public let rootPath: String
    public let images: SpaceSum
    /// In the order in which they came into the store.
    public let imageItems: [ImageSpace]
    /// Also counted in ``images``.
    public let layers: SpaceSum
    /// Each after the one it lies on.
    public let layerItems: [LayerSpace]
    public let containers: SpaceSum
    public let containerItems: [ContainerSpace]
    public let volumes: SpaceSum
    public let volumeItems: [VolumeSpace]
    public let backups: SpaceSum
    public let backupItems: [BackupSpace]
    /// Work in progress, what crashes left, and what waits to be deleted.
    public let cache: SpaceSum
    public let cacheItems: [CacheSpace]
    public let fileSystem: FileSystemShare
    /// The largest first.
    public let plan: [PruneStep]
    /// What all of the plan frees when it is done in order: containers, then images, then volumes.
    public let planBytes: UInt64
    /// What could not be measured, and why.
    public let failures: [StorageError]

    package init(
        takenAt: Timestamp, rootPath: String, images: SpaceSum, imageItems: [ImageSpace], layers: SpaceSum,
        layerItems: [LayerSpace], containers: SpaceSum, containerItems: [ContainerSpace], volumes: SpaceSum,
        volumeItems: [VolumeSpace], backups: SpaceSum, backupItems: [BackupSpace], cache: SpaceSum,
        cacheItems: [CacheSpace], fileSystem: FileSystemShare, plan: [PruneStep], planBytes: UInt64,
        failures: [StorageError]
    ) {
        self.takenAt = takenAt
        self.rootPath = rootPath
        (self.images, self.imageItems) = (images, imageItems)
        (self.layers, self.layerItems) = (layers, layerItems)
        (self.containers, self.containerItems) = (containers, containerItems)
        (self.volumes, self.volumeItems) = (volumes, volumeItems)
        (self.backups, self.backupItems) = (backups, backupItems)
        (self.cache, self.cacheItems) = (cache, cacheItems)
        self.fileSystem = fileSystem
        (self.plan, self.planBytes) = (plan, planBytes)
        self.failures = failures
    }

    /// Whether a figure may be too small.
    public var isLowerBound: Bool {
        !failures.isEmpty || [images, layers, containers, volumes, backups, cache].contains(where: \.isLowerBound)
    }

    /// When the oldest figure was measured that an earlier command measured; `nil` if all are new.
    public var oldestRemembered: Timestamp? {
        let sizes = containerItems.flatMap { [$0.size, $0.upper] } + volumeItems.map(\.size)
        return sizes.compactMap { $0 }.filter(\.isRemembered).map(\.measuredAt).min()
    }
}

/// What all things of one kind take together.
public struct SpaceSum: Hashable, Sendable {
    public var totalCount = 0
    /// Those that something needs now.
    public var activeCount = 0
    public var sizeBytes: UInt64 = 0
    /// What removing all that nothing needs would free.
    public var reclaimableBytes: UInt64 = 0
    public var isLowerBound = false

    public init() {}

    /// Of the size, rounded down; never more than 100, as nothing is counted that is not there.
    public var reclaimablePercent: UInt64 {
        if sizeBytes == 0 { return 0 }
        let (product, overflow) = reclaimableBytes.multipliedReportingOverflow(by: 100)
        return min(100, overflow ? reclaimableBytes / (sizeBytes / 100) : product / sizeBytes)
    }
}

/// A file that has no name any more and takes space until the process closes it.
public struct DeletedOpenFile: Hashable, Sendable {
    /// The name that it had, as the kernel shows it to the process.
    public let path: [UInt8]
    public let allocatedBytes: UInt64
    public let process: Int32
    /// The name of the program, at most 15 bytes.
    public let command: String

    package init(path: [UInt8], allocatedBytes: UInt64, process: Int32, command: String) {
        self.path = path
        self.allocatedBytes = allocatedBytes
        self.process = process
        self.command = command
    }
}

/// The file system of the store, and who has how much of it.
public struct FileSystemShare: Hashable, Sendable {
    public let totalBytes: UInt64
    /// As `df(1)` says it.
    public let usedBytes: UInt64
    public let availableBytes: UInt64
    /// Free, and kept for root.
    public let reservedBytes: UInt64
    /// The catalog, its journal, and the store's own directories.
    public let storeBytes: UInt64
    /// Everything of the store and, below destinations that were named, of backups on the same file system.
    public let knownBytes: UInt64
    /// What is used and not known.
    public let unaccountedBytes: UInt64
    /// What is known and not used: extents that several files share are counted with each of them.
    public let overcountedBytes: UInt64
    /// The largest first, each file once.
    public let deletedOpenFiles: [DeletedOpenFile]
    /// Whether the open files of all processes could be looked at, which takes root.
    public let seesAllProcesses: Bool

    package init(
        totalBytes: UInt64, usedBytes: UInt64, availableBytes: UInt64, reservedBytes: UInt64, storeBytes: UInt64,
        knownBytes: UInt64, unaccountedBytes: UInt64, overcountedBytes: UInt64, deletedOpenFiles: [DeletedOpenFile],
        seesAllProcesses: Bool
    ) {
        self.totalBytes = totalBytes
        self.usedBytes = usedBytes
        self.availableBytes = availableBytes
        self.reservedBytes = reservedBytes
        self.storeBytes = storeBytes
        self.knownBytes = knownBytes
        self.unaccountedBytes = unaccountedBytes
        self.overcountedBytes = overcountedBytes
        self.deletedOpenFiles = deletedOpenFiles
        self.seesAllProcesses = seesAllProcesses
    }

    public var deletedOpenBytes: UInt64 { deletedOpenFiles.lazy.map(\.allocatedBytes).clampedSum }

    /// What is neither known nor a deleted file: other directories of the file system, and what it needs for itself.
    public var otherBytes: UInt64 { unaccountedBytes - min(deletedOpenBytes, unaccountedBytes) }
}

/// A command that frees space, and how much.
public struct PruneStep: Hashable, Sendable {
    public let command: String
    /// How many things it removes.
    public let count: Int
    public let reclaimableBytes: UInt64

    package init(command: String, count: Int, reclaimableBytes: UInt64) {
        self.command = command
        self.count = count
        self.reclaimableBytes = reclaimableBytes
    }
}

/// What `df` shall look at.
public struct DiskFreeRequest: Sendable {
    /// Sizes of volumes and containers that were measured no longer ago are taken as they are; `nil` measures everything.
    public var maxAge: TimeSpan?
    /// Directories with archives.
    public var backups: [String]
    public var threads: Int?
    /// What the same command measured already: these volumes are not walked again.
    public var measured: [VolumeName: MeasuredSize] = [:]
    /// Whether only what pruning would free is to be measured: containers and volumes that are used have no size then.
    public var measuresReclaimableOnly = false

    public init(maxAge: TimeSpan? = nil, backups: [String] = [], threads: Int? = nil) {
        self.maxAge = maxAge
        self.backups = backups
        self.threads = threads
    }
}

/// What pruning a store would free, as ``DiskFreeReport`` has it.
public struct ReclaimableSpace: Sendable {
    /// By what would go: `images`, `containers`, `volumes`, `cache`.
    public let bytesByKind: [String: UInt64]
    /// What could not be measured, and why: the figures are lower bounds then.
    public let failures: [StorageError]

    package init(_ report: DiskFreeReport) {
        bytesByKind = [
            "images": report.images.reclaimableBytes, "containers": report.containers.reclaimableBytes,
            "volumes": report.volumes.reclaimableBytes, "cache": report.cache.reclaimableBytes,
        ]
        failures = report.failures
    }
}
