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

/// What an image takes.
public struct ImageSpace: Hashable, Sendable {
    public let image: Image
    public let layers: Int
    /// Its layers and its configuration.
    public let sizeBytes: UInt64
    /// The part of the size that other images, or layers of nobody, need too.
    public let sharedBytes: UInt64
    /// The rest: what removing it alone frees as soon as no container keeps it.
    public let uniqueBytes: UInt64
    /// What removing it alone would free now: nothing, if a container keeps it.
    public let reclaimableBytes: UInt64
    public let containers: [ContainerName]

    package init(
        image: Image, layers: Int, sizeBytes: UInt64, sharedBytes: UInt64, uniqueBytes: UInt64,
        reclaimableBytes: UInt64, containers: [ContainerName]
    ) {
        self.image = image
        self.layers = layers
        self.sizeBytes = sizeBytes
        self.sharedBytes = sharedBytes
        self.uniqueBytes = uniqueBytes
        self.reclaimableBytes = reclaimableBytes
        self.containers = containers
    }
}

/// What a layer takes.
public struct LayerSpace: Hashable, Sendable {
    public let chainID: Digest
    public let parent: Digest?
    /// Its tree as it was measured when it was committed, its skeleton, and its own directory.
    public let sizeBytes: UInt64
    /// How many images need it.
    public let images: Int
    /// Whether an image needs it that a container keeps.
    public let isActive: Bool
    /// Whether removing all unused images frees it.
    public let isReclaimable: Bool

    package init(
        chainID: Digest, parent: Digest?, sizeBytes: UInt64, images: Int, isActive: Bool, isReclaimable: Bool
    ) {
        self.chainID = chainID
        self.parent = parent
        self.sizeBytes = sizeBytes
        self.images = images
        self.isActive = isActive
        self.isReclaimable = isReclaimable
    }
}

/// What a container takes, without its image and its volumes.
public struct ContainerSpace: Hashable, Sendable {
    public let container: Container
    /// Whether it is mounted, or another process works with it: it runs.
    public let isActive: Bool
    /// Everything in its directory; `nil` if it could not be measured.
    public let size: MeasuredSize?
    /// What it changed: its upper directory, never what is mounted over it.
    public let upper: MeasuredSize?
    /// What removing it would free now.
    public let reclaimableBytes: UInt64

    package init(
        container: Container, isActive: Bool, size: MeasuredSize?, upper: MeasuredSize?, reclaimableBytes: UInt64
    ) {
        self.container = container
        self.isActive = isActive
        self.size = size
        self.upper = upper
        self.reclaimableBytes = reclaimableBytes
    }
}

/// What a volume takes.
public struct VolumeSpace: Hashable, Sendable {
    public let details: VolumeDetails
    /// Whether its data lies in the store: that of a volume with a device does not.
    public let isInStore: Bool
    /// Whether a container refers to it, or a process or a mount uses its data.
    public let isActive: Bool
    /// `nil` where it is not measured: a device that is not mounted, and what could not be looked at.
    public let size: MeasuredSize?
    /// What `volume prune --all` would free of it now.
    public let reclaimableBytes: UInt64

    package init(
        details: VolumeDetails, isInStore: Bool, isActive: Bool, size: MeasuredSize?, reclaimableBytes: UInt64
    ) {
        self.details = details
        self.isInStore = isInStore
        self.isActive = isActive
        self.size = size
        self.reclaimableBytes = reclaimableBytes
    }

    /// What of its size lies in the store.
    public var storedBytes: UInt64 { isInStore ? size?.totals.allocatedBytes ?? 0 : 0 }
}

/// What lies below a destination of backups.
public struct BackupSpace: Hashable, Sendable {
    /// As the user named it.
    public let destination: String
    public let archives: Int
    public let archiveBytes: UInt64
    public let archiveApparentBytes: UInt64
    /// What lies there besides: partial archives, directories, files of others.
    public let otherBytes: UInt64
    public let errors: UInt64
    /// Whether it is on the file system of the store, outside of the store.
    public let isOnStoreFileSystem: Bool

    package init(
        destination: String, archives: Int, archiveBytes: UInt64, archiveApparentBytes: UInt64, otherBytes: UInt64,
        errors: UInt64, isOnStoreFileSystem: Bool
    ) {
        self.destination = destination
        self.archives = archives
        self.archiveBytes = archiveBytes
        self.archiveApparentBytes = archiveApparentBytes
        self.otherBytes = otherBytes
        self.errors = errors
        self.isOnStoreFileSystem = isOnStoreFileSystem
    }
}

/// Something in the store that is not true yet, or no more.
public struct CacheSpace: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// Work in progress, or left by a crash.
        case staging
        /// Removed, and not deleted yet.
        case trash
        /// In a directory of the store, without a row in the catalog.
        case orphan
        /// Layers that no image needs and that have a row.
        case layer
    }

    public let kind: Kind
    /// The path below the store's directory.
    public let path: String
    public let allocatedBytes: UInt64
    /// Whether a process works in it.
    public let isActive: Bool
    public let errors: UInt64

    package init(kind: Kind, path: String, allocatedBytes: UInt64, isActive: Bool, errors: UInt64) {
        self.kind = kind
        self.path = path
        self.allocatedBytes = allocatedBytes
        self.isActive = isActive
        self.errors = errors
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

    public init(maxAge: TimeSpan? = nil, backups: [String] = [], threads: Int? = nil) {
        self.maxAge = maxAge
        self.backups = backups
        self.threads = threads
    }
}
