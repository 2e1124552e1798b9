internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
public import StorageModel
internal import Volumes

extension Store {
    /// Makes a container: a writable layer on an image, and the volumes that it mounts. Nothing is mounted or started.
    ///
    /// What the image declares as volumes comes to what the request asks for. Volumes that are missing are made, empty ones
    /// get what the image has at their place. If the container cannot be made, the volumes that were made for it go again.
    ///
    /// - Throws: ``StorageError/Code/notFound`` if there is no such image, or no such source of a bind mount;
    ///   ``StorageError/Code/invalidInput`` if two mounts have one destination; ``StorageError/Code/conflict`` if the name is
    ///   taken, or if a volume differs from what is asked for; ``StorageError/Code/interrupted``.
    public func createContainer(
        _ request: ContainerRequest, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> Container {
        let image = try images.image(request.image)
        let stack = try layers.stack(to: image.topLayer)
        if let name = request.name { try containers.refuseTaken(name) }
        let planned = try plannedMounts(request.mounts, of: image)
        guard !planned.isEmpty else { return try containers.create(request, on: image, stack: stack) }
        let preparation = MountPreparation(self, image, stack, request, checkpoint)
        do throws(StorageError) {
            let mounts = try preparation.prepare(planned)
            return try containers.create(request, on: image, stack: stack, mounts: mounts)
        } catch {
            preparation.takeBack()
            throw error
        }
    }
}

/// Makes ready what a new container mounts: volumes that are missing or empty, images.
private final class MountPreparation {
    private let store: Store
    private let image: Image
    private let stack: LayerStack
    private let request: ContainerRequest
    private let checkpoint: Checkpoint
    /// The volumes that were made for the container.
    private var made: [VolumeName] = []

    init(
        _ store: Store, _ image: Image, _ stack: LayerStack, _ request: ContainerRequest, _ checkpoint: Checkpoint
    ) {
        self.store = store
        self.image = image
        self.stack = stack
        self.request = request
        self.checkpoint = checkpoint
    }

    /// - Returns: the mounts with the names of their volumes and the ids of their images.
    func prepare(_ planned: [ContainerMount]) throws(StorageError) -> [ContainerMount] {
        var mounts: [ContainerMount] = []
        for var mount in planned {
            switch mount.spec.content {
            case .volume(var volume):
                volume.name = try ready(volume)
                mount.spec.content = .volume(volume)
            case .image(let content): mount.image = try store.images.image(content.reference).id
            case .bind(let bind): try refuseMissing(bind)
            case .tmpfs: break
            }
            mounts.append(mount)
        }
        let mapping = try request.settings.identityMapping.map { text throws(StorageError) in
            try IdentityMapping(text)
        }
        for mount in mounts {
            guard case .volume(let volume) = mount.spec.content else { continue }
            try store.populate(
                volume, destination: mount.spec.destination, image: image, imageName: request.image, stack: stack,
                mapping: mapping, isDurable: request.isDurable, checkpoint: checkpoint)
        }
        return mounts
    }

    /// Removes the volumes that were made for the container, unless somebody has them by now.
    func takeBack() {
        // The failure that led here is the one to tell; a volume that stays is seen by `volume ls`.
        for name in made.reversed() { try? store.volumes.remove(name, force: false) }
    }

    private func ready(_ mount: VolumeMount) throws(StorageError) -> VolumeName {
        if let name = mount.name, let existing = try store.catalog.volume(named: name) {
            try refuseDifferent(existing, mount)
            return name
        }
        if let name = mount.name, !mount.createsVolume {
            throw StorageError(
                .notFound, object: name.rawValue, "there is no volume '\(name)', and the mount must not make it",
                hint: "holdfast volume create \(name) makes it; or leave out 'nocreate'")
        }
        let creation = try store.volumes.create(
            VolumeRequest(
                name: mount.name, driver: mount.driver ?? VolumeRequest.localDriver, options: mount.options,
                labels: mount.labels, isDurable: request.isDurable))
        if !creation.existed { made.append(creation.volume.name) }
        return creation.volume.name
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
}
