internal import Catalog
internal import FileTree
internal import Images
internal import Layers
internal import StorageModel
internal import Volumes

/// Makes ready what a new container mounts: fills empty volumes, and builds missing ones in staging, to be published in the
/// transaction that makes the container.
///
/// Call ``discard()`` at the end, whatever happened.
final class MountPreparation {
    /// Whether another process made a volume of a name that was to be published.
    private(set) var wasOvertaken = false

    private let store: Store
    private let image: Image
    private let stack: LayerStack
    private let request: ContainerRequest
    private let checkpoint: Checkpoint
    private let mapping: Result<IdentityMapping?, StorageError>
    /// The volumes under construction, in the order of the mounts.
    private var new: [(volume: Volume, staged: StagedVolume)] = []
    private var isPublished = false

    init(
        _ store: Store, _ image: Image, _ stack: LayerStack, _ request: ContainerRequest, _ checkpoint: Checkpoint
    ) {
        self.store = store
        self.image = image
        self.stack = stack
        self.request = request
        self.checkpoint = checkpoint
        mapping = Result { () throws(StorageError) in
            try request.settings.identityMapping.map { text throws(StorageError) in try IdentityMapping(text) }
        }
    }

    /// - Returns: the mounts with the names of their volumes and the ids of their images.
    func prepare(_ planned: [ContainerMount]) throws(StorageError) -> [ContainerMount] {
        // What can be refused is refused before anything is copied.
        for mount in planned { try refuse(mount.spec) }
        try store.refuseForbidden(planned.map(\.spec))
        var mounts: [ContainerMount] = []
        for var mount in planned {
            switch mount.spec.content {
            case .volume(var volume):
                volume.name = try ready(volume, at: mount.spec.destination)
                mount.spec.content = .volume(volume)
            case .image(let content): mount.image = try store.images.image(content.reference).id
            case .bind, .tmpfs: break
            }
            mounts.append(mount)
        }
        if request.isDurable { for item in new { try store.volumes.sync(item.staged, item.volume.name) } }
        return mounts
    }

    /// Publishes the new volumes.
    func publish(in transaction: Transaction) throws(StorageError) {
        for (volume, staged) in new {
            let existing = try store.volumes.publish(
                staged, as: volume, isDurable: request.isDurable, in: transaction)
            guard existing != nil else { continue }
            wasOvertaken = true
            throw StorageError(
                .conflict, object: volume.name.rawValue, "volume '\(volume.name)' was made by another process meanwhile"
            )
        }
        isPublished = true
    }

    /// Deletes what was not published, and the empty staging areas of what was.
    func discard() {
        for (volume, staged) in new {
            // What cannot be removed now, the next open of the store sweeps.
            try? staged.discard()
            if !isPublished { store.volumes.withdraw(volume.name) }
        }
    }

    /// Fills what lies on devices, which can be mounted only now that their volumes are there.
    func fillDevices(_ mounts: [ContainerMount]) throws(StorageError) {
        for mount in mounts {
            guard case .volume(let volume) = mount.spec.content, let name = volume.name,
                let known = try store.catalog.volume(named: name), try store.volumes.device(of: known) != nil
            else { continue }
            try store.populate(
                volume, destination: mount.spec.destination, image: image, imageName: request.image, stack: stack,
                mapping: try mapping.get(), isDurable: request.isDurable, checkpoint: checkpoint)
        }
    }

    /// Removes the volumes that were published.
    func takeBack() {
        // A volume that somebody has by now stays, and is seen by `volume ls`.
        for (volume, _) in new where isPublished { try? store.volumes.remove(volume.name, force: false) }
    }

    // MARK: Checks

    private func refuse(_ spec: MountSpec) throws(StorageError) {
        switch spec.content {
        case .volume(let volume): try refuse(volume)
        case .bind(let bind): try refuseMissing(bind)
        case .image(let content): _ = try store.images.image(content.reference)
        case .tmpfs: break
        }
    }

    private func refuse(_ mount: VolumeMount) throws(StorageError) {
        guard let name = mount.name else { return }
        if let existing = try store.catalog.volume(named: name) { return try refuseDifferent(existing, mount) }
        guard !mount.createsVolume else { return }
        throw StorageError(
            .notFound, object: name.rawValue, "there is no volume '\(name)', and the mount must not make it",
            hint: "holdfast volume create \(name) makes it; or leave out 'nocreate'")
    }

    /// What a mount says of a volume that exists must be so; what it does not say may be anything.
    private func refuseDifferent(_ volume: Volume, _ mount: VolumeMount) throws(StorageError) {
        var differences: [String] = []
        if let driver = mount.driver, driver != volume.driver {
            differences.append("its driver is '\(volume.driver)'")
        }
        for (key, value) in mount.options.sorted(by: { $0.key < $1.key }) where volume.options[key] != value {
            differences.append("its option '\(key.printable(limit: 80))' is another")
        }
        for (key, value) in mount.labels.sorted(by: { $0.key < $1.key }) where volume.labels[key] != value {
            differences.append("its label '\(key.printable(limit: 80))' is another")
        }
        guard !differences.isEmpty else { return }
        throw StorageError(
            .conflict, object: volume.name.rawValue,
            "volume '\(volume.name)' exists already and differs: \(differences.joined(separator: "; "))",
            hint: "leave out what is said of the volume, or choose another one")
    }

    private func refuseMissing(_ bind: BindMount) throws(StorageError) {
        let (directory, name) = HostPath.split(bind.source)
        guard !bind.createsSource, !HostPath.exists(name, in: directory) else { return }
        let shown = bind.source.printable(limit: 200)
        throw StorageError(
            .notFound, object: bind.source, "the source of a bind mount does not exist: \(shown)",
            hint: "make it first, or use -v, which makes a directory: mkdir -p '\(shown)'")
    }

    // MARK: Volumes

    private func ready(_ mount: VolumeMount, at destination: ContainerPath) throws(StorageError) -> VolumeName {
        if let name = mount.name, new.contains(where: { $0.volume.name == name }) { return name }
        if let name = mount.name, let existing = try store.catalog.volume(named: name) {
            if try store.volumes.device(of: existing) != nil { return name }
            try store.populate(
                mount, destination: destination, image: image, imageName: request.image, stack: stack,
                mapping: try mapping.get(), isDurable: request.isDurable, checkpoint: checkpoint)
            return name
        }
        return try build(mount, at: destination)
    }

    /// Builds a volume in staging, with what the image has at the destination.
    private func build(_ mount: VolumeMount, at destination: ContainerPath) throws(StorageError) -> VolumeName {
        let wanted = VolumeRequest(
            name: mount.name, driver: mount.driver ?? VolumeRequest.localDriver, options: mount.options,
            labels: mount.labels, isDurable: request.isDurable)
        var volume = try Volumes.newVolume(wanted)
        let staged = try store.volumes.stage(volume, wanted)
        // Kept before it is filled: whatever goes wrong, it is discarded.
        new.append((volume, staged))
        // Data on a device is the device's: it is filled when the volume is there and mounted, by whoever mounts it first.
        guard mount.subpath.isRoot, try store.volumes.device(of: volume) == nil,
            let content = try store.populationContent(
                at: destination, image: image, imageName: request.image, stack: stack, mapping: try mapping.get())
        else { return volume.name }
        let population = try store.volumes.fill(
            staged, of: volume.name, from: content, copiesContent: mount.isPopulated, isDurable: request.isDurable,
            checkpoint: checkpoint)
        volume = volume.populated(by: population)
        new[new.count - 1] = (volume, staged)
        return volume.name
    }
}
