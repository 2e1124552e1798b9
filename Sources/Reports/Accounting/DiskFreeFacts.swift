package import FileTree
package import StorageModel

/// What was found out about a store, before any arithmetic.
package struct DiskFreeFacts: Sendable {
    package struct ImageFact: Sendable {
        package let image: Image
        /// What the blob of its configuration takes.
        package let blobBytes: UInt64

        package init(image: Image, blobBytes: UInt64) {
            self.image = image
            self.blobBytes = blobBytes
        }
    }

    package struct ContainerFact: Sendable {
        package let container: Container
        /// Whether it is mounted or another process works with it.
        package let isActive: Bool
        /// `nil` if it could not be measured.
        package let size: MeasuredSize?
        package let upper: MeasuredSize?

        package init(container: Container, isActive: Bool, size: MeasuredSize?, upper: MeasuredSize?) {
            self.container = container
            self.isActive = isActive
            self.size = size
            self.upper = upper
        }
    }

    package struct VolumeFact: Sendable {
        package let details: VolumeDetails
        /// Whether a process or a mount uses its data, or Holdfast works on it.
        package let isHeld: Bool
        package var size: MeasuredSize?

        package init(details: VolumeDetails, isHeld: Bool, size: MeasuredSize? = nil) {
            self.details = details
            self.isHeld = isHeld
            self.size = size
        }

        /// As `volume prune` has it: what these options name is elsewhere.
        package var isInStore: Bool {
            details.volume.options["type"] == nil && details.volume.options["device"] == nil
        }

        /// Whether `volume prune --all` removes it.
        package var isFree: Bool {
            !details.volume.isProtected && isInStore && !isHeld && details.references.isEmpty
        }
    }

    package var takenAt: Timestamp
    package var rootPath: String
    package var layers: [LayerAccounting.Member] = []
    package var images: [ImageFact] = []
    package var containers: [ContainerFact] = []
    package var volumes: [VolumeFact] = []
    package var backups: [BackupSpace] = []
    /// Without the layers that no image needs, which the arithmetic finds.
    package var cache: [CacheSpace] = []
    package var space: FileSystemRoom
    /// The catalog, its journal, and the store's own directories.
    package var storeBytes: UInt64 = 0
    package var deletedOpenFiles: [DeletedOpenFile] = []
    package var seesAllProcesses = true
    package var failures: [StorageError] = []

    package init(takenAt: Timestamp, rootPath: String, space: FileSystemRoom) {
        self.takenAt = takenAt
        self.rootPath = rootPath
        self.space = space
    }
}
