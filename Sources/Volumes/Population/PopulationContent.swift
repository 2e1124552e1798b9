package import FileTree
package import StorageModel

/// The directory of an image that a volume is filled from.
package struct PopulationContent: Sendable {
    /// What it has, as far as no layer hides it.
    package let source: TreeSource
    /// Its own owner, mode and time, as in the image.
    package let metadata: EntryMetadata
    package let attributes: [ExtendedAttribute]
    /// The image as the user named it.
    package let image: String
    package let imageID: Digest
    package let path: ContainerPath
    /// Whom the copies belong to.
    package let owners: OwnerTranslation
    /// Where a snapshot of it is kept, if the file system can make one.
    let keptPopulation: KeptPopulation?

    /// - Parameter kept: where a snapshot of the content may be kept; only of one that keeps its owners.
    package init(
        source: TreeSource, metadata: EntryMetadata, attributes: [ExtendedAttribute], image: String,
        imageID: Digest, path: ContainerPath, owners: OwnerTranslation = .same, kept: KeptPopulation? = nil
    ) {
        self.source = source
        self.metadata = metadata
        self.attributes = attributes
        self.image = image
        self.imageID = imageID
        self.path = path
        self.owners = owners
        keptPopulation = if case .same = owners { kept } else { nil }
    }

    /// As people know it: `'/etc' of image 'web:1'`.
    var label: String { "'\(path.rawValue.printable(limit: 200))' of image '\(image.printable(limit: 200))'" }

    func record() -> VolumePopulation {
        VolumePopulation(image: image, imageID: imageID, path: path, populatedAt: .now)
    }
}

/// What part of a volume is populated, and how.
package struct PopulationOptions: Sendable {
    /// The directory in the volume; the root for all of it.
    package var subpath = EntryPath.root
    /// Whether the content is copied; owner and mode of the directory are applied in any case.
    package var copiesContent = true
    /// Whether it is on disk before success is reported.
    package var isDurable = true

    package init() {}
}

/// What came of a population.
package enum PopulationOutcome: Sendable {
    /// The volume was empty, and now has the image's content.
    case populated(TreeCopy.Report)
    /// The volume has content of its own, or no directory at the subpath: nothing was changed.
    case untouched
    /// There was nothing to copy, or nothing was to be copied: at most owner, mode, attributes and time were set.
    case onlyMetadata
}
