internal import Archive
internal import Catalog
internal import FileTree
internal import Images
package import Layers
public import StorageModel
internal import Volumes

extension Store {
    /// Fills the volume of a mount with what the image has at the mount's destination, if the volume is empty.
    ///
    /// For a volume that is not empty this is a few system calls. Where the image has nothing, nothing is done; owner and mode
    /// of an image's directory are applied to an empty volume in any case.
    ///
    /// - Parameters:
    ///   - mount: of a volume that exists by now.
    ///   - imageName: the image as the user named it.
    ///   - stack: the image's layers.
    ///   - mapping: the ids of the container's user namespace.
    /// - Throws: ``StorageError/Code/conflict`` if the image has something at the destination that is no directory.
    package func populate(
        _ mount: VolumeMount, destination: ContainerPath, image: Image, imageName: String, stack: LayerStack,
        mapping: IdentityMapping?, isDurable: Bool, checkpoint: Checkpoint
    ) throws(StorageError) {
        guard let directory = try stack.directory(destination, inImage: imageName), let name = mount.name else {
            return
        }
        var options = PopulationOptions()
        options.subpath = mount.subpath
        options.copiesContent = mount.isPopulated
        options.isDurable = isDurable
        let content = try populationContent(directory, of: image, imageName, at: destination, mapping)
        let outcome = try volumes.populate(name, from: content, options: options, checkpoint: checkpoint)
        guard case .populated(let report) = outcome else { return }
        for notice in report.skipped {
            checkpoint.progress.warn("volume '\(name)': \(notice.path.description.printable()): \(notice.reason)")
        }
    }

    /// Of a volume on a device the device is filled, and unmounted afterwards unless somebody uses it. What was filled into
    /// memory stays mounted: it would be gone.
    private func populate(
        _ name: VolumeName, from content: PopulationContent, options: PopulationOptions, checkpoint: Checkpoint
    ) throws(StorageError) -> PopulationOutcome {
        guard let device = try volumes.device(of: try volumes.volume(named: name)) else {
            return try volumes.populate(name, from: content, options: options, checkpoint: checkpoint)
        }
        let outcome = Result { () throws(StorageError) in
            try isWorthFilling(name, checkpoint)
                ? try volumes.populate(name, from: content, options: options, checkpoint: checkpoint) : .untouched
        }
        if !device.isMemory { try volumes.detachDeviceIfUnused(name) }
        return try outcome.get()
    }

    /// Mounts a volume's device, and looks whether it is empty and nobody has it: a container that runs with it keeps its lease.
    private func isWorthFilling(_ name: VolumeName, _ checkpoint: Checkpoint) throws(StorageError) -> Bool {
        guard try isEmptyDevice(of: name, checkpoint) else { return false }
        do throws(StorageError) {
            _ = try volumes.open(name, for: .changing)
            return true
        } catch  where error.code == .inUse {
            checkpoint.progress.warn("volume '\(name)' was not filled from the image: \(error.message)")
            return false
        }
    }

    private func isEmptyDevice(of name: VolumeName, _ checkpoint: Checkpoint) throws(StorageError) -> Bool {
        let opened = try volumes.open(name, for: .reading, waiting: checkpoint.interruption)
        defer { withExtendedLifetime(opened) {} }
        return try volumes.isEmpty(try volumes.attachDevice(of: opened), of: name)
    }

    /// What the image has at a mount's destination; `nil` if it has nothing there.
    func populationContent(
        at destination: ContainerPath, image: Image, imageName: String, stack: LayerStack, mapping: IdentityMapping?
    ) throws(StorageError) -> PopulationContent? {
        guard let directory = try stack.directory(destination, inImage: imageName) else { return nil }
        return try populationContent(directory, of: image, imageName, at: destination, mapping)
    }

    private func populationContent(
        _ directory: StackDirectory, of image: Image, _ imageName: String, at path: ContainerPath,
        _ mapping: IdentityMapping?
    ) throws(StorageError) -> PopulationContent {
        let kept = try image.topLayer.map { layer throws(StorageError) in
            KeptPopulation(
                of: directory.source, in: try layers.home(of: layer), of: try layers.all(),
                name: ContentHasher.digest(directory.path.bytes).hex)
        }
        return PopulationContent(
            source: directory.source, metadata: directory.status.metadata, attributes: directory.attributes,
            image: imageName, imageID: image.id, path: path, owners: mapping.map { .outside($0) } ?? .same, kept: kept)
    }

    /// Gives a volume what an image has in a directory; makes the volume if it is missing.
    ///
    /// The copy is complete and on disk before it becomes the volume's content in one step. Cost: proportional to the tree,
    /// except where the file system can share blocks.
    ///
    /// - Parameters:
    ///   - image, path: `nil` for what the volume was populated from the last time.
    ///   - force: replaces what the volume has: a crash leaves the old data or the new.
    /// - Throws: ``StorageError/Code/conflict`` if the volume has content and force is not asked for, or if the image has
    ///   something at the path that is no directory; ``StorageError/Code/notFound`` if it has nothing there;
    ///   ``StorageError/Code/inUse`` if content is to be replaced that somebody uses.
    public func seedVolume(
        _ name: VolumeName, image: String? = nil, path: ContainerPath? = nil, force: Bool = false,
        isDurable: Bool = true, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> VolumeSeedReport {
        let content = try content(for: name, image, path)
        return try volumes.seed(name, from: content, replaces: force, isDurable: isDurable, checkpoint: checkpoint)
    }

    /// How a volume differs from what an image has in a directory: what leads from the image to the volume.
    ///
    /// Reads every file that has the image's size and time. The volume is not changed.
    ///
    /// - Parameter image, path: `nil` for what the volume was populated from the last time.
    public func seedDifferences(
        _ name: VolumeName, image: String? = nil, path: ContainerPath? = nil, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> [ContainerChange] {
        let opened = try volumes.open(name, for: .reading)
        defer { withExtendedLifetime(opened) {} }
        let content = try content(for: name, image, path)
        checkpoint.progress.begin("comparing \(name)", totalEntries: nil, totalBytes: nil)
        return try TreeDifference.changes(from: content.source, to: opened.data, checkpoint: checkpoint)
    }

    private func content(
        for name: VolumeName, _ image: String?, _ path: ContainerPath?
    ) throws(StorageError) -> PopulationContent {
        let known = image == nil || path == nil ? try catalog.volume(named: name)?.population : nil
        guard let imageName = image ?? known?.image, let path = path ?? known?.path else {
            throw StorageError(
                .invalidInput, object: name.rawValue,
                "it is not known what volume '\(name)' is to be seeded from: it was never populated from an image",
                hint: "add --image REF and --path PATH")
        }
        let found = try images.image(imageName)
        guard let directory = try layers.stack(to: found.topLayer).directory(path, inImage: imageName) else {
            throw StorageError(
                .notFound, object: path.rawValue,
                "image '\(imageName.printable(limit: 200))' has no directory '\(path.rawValue.printable(limit: 200))'",
                hint: "name a directory of the image with --path")
        }
        return try populationContent(directory, of: found, imageName, at: path, nil)
    }
}
