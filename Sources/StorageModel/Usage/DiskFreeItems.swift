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
