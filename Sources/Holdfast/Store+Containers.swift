internal import Archive
internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
public import StorageModel

extension Store {
    /// All containers, the oldest first.
    public func containerDetails() throws(StorageError) -> [ContainerDetails] {
        var result: [ContainerDetails] = []
        for container in try containers.list() { result.append(try details(of: container)) }
        return result
    }

    /// What is known of a container.
    ///
    /// - Parameter text: a name, or the beginning of an id.
    public func inspectContainer(_ text: String) throws(StorageError) -> ContainerDetails {
        try details(of: try containers.container(text))
    }

    private func details(of container: Container) throws(StorageError) -> ContainerDetails {
        var mounts: [MountDetails] = []
        for mount in container.mounts { mounts.append(try details(of: mount)) }
        return try containers.details(of: container, mounts: mounts)
    }

    /// Where a mount of a container is on the host.
    func details(of mount: ContainerMount) throws(StorageError) -> MountDetails {
        switch mount.spec.content {
        case .volume(let volume):
            guard let name = volume.name else { return MountDetails(mount: mount, source: "") }
            let data = mountpoint(of: name)
            return MountDetails(
                mount: mount, source: volume.subpath.isRoot ? data : "\(data)/\(volume.subpath)",
                driver: try catalog.volume(named: name)?.driver)
        case .bind(let bind): return MountDetails(mount: mount, source: bind.source)
        case .image(let image): return MountDetails(mount: mount, source: image.reference)
        case .tmpfs: return MountDetails(mount: mount, source: "")
        }
    }

    /// Mounts a container's root in this mount namespace, unless it is mounted already.
    ///
    /// - Parameter includesVolumes: whether the container's volumes, binds and other mounts are attached in it, in order;
    ///   those whose destination is a mount already stay as they are.
    /// - Returns: the host path of the root.
    /// - Throws: ``StorageError/Code/notFound`` for a missing source; ``StorageError/Code/inUse`` for a volume that is being
    ///   filled, replaced or removed. Then nothing more is mounted than before.
    public func mountContainer(_ text: String, includesVolumes: Bool = false) throws(StorageError) -> String {
        let container = try containers.container(text)
        guard includesVolumes, !container.mounts.isEmpty else {
            return try containers.mount(container, layers: layers, top: try topLayer(of: container))
        }
        let opened = try containers.open(container, for: .changing)
        let (root, wasMounted) = try containers.mountRoot(
            of: opened, layers: layers, top: try topLayer(of: container))
        do throws(StorageError) {
            let mounts = try ContainerMounts(of: opened, root: root, in: self, includesMemory: true)
            try mounts.attach(in: root)
        } catch {
            // The first failure is the one to tell.
            if !wasMounted { try? containers.unmount(opened) }
            releaseDevices(of: container)
            throw error
        }
        return "\(containers.hostPath)/\(container.id)/merged"
    }

    /// Unmounts a container's root with everything mounted in it, in every mount namespace that has a copy of the mount, and
    /// what was mounted for a runtime.
    ///
    /// - Returns: whether something was mounted.
    @discardableResult
    public func unmountContainer(_ text: String) throws(StorageError) -> Bool {
        let container = try containers.container(text)
        let wasMounted = try containers.unmount(container)
        if wasMounted { releaseDevices(of: container) }
        return wasMounted
    }

    /// What a container changed, in the order of the paths. Cost: proportional to the changes.
    public func changes(inContainer text: String, checkpoint: Checkpoint) throws(StorageError) -> [ContainerChange] {
        let container = try containers.container(text)
        let opened = try containers.open(container, for: .using)
        let image = try layers.stack(to: try topLayer(of: container))
        let diff = ContainerDiff(
            upper: opened.upper, image: image, mapping: try mapping(of: container), checkpoint: checkpoint)
        let changes = try diff.run()
        withExtendedLifetime(opened) {}
        return changes
    }

    /// Writes a container's root file system as a plain tar to a file, which appears whole or not at all, or to standard
    /// output.
    ///
    /// Owners are those inside of the container. Nothing is mounted where others would see it.
    ///
    /// - Returns: what changed while it was read, or has no place in a tar.
    public func exportContainer(
        _ text: String, to output: TarOutput, replaces: Bool = false, isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> [EntryNotice] {
        let container = try containers.container(text)
        let opened = try containers.open(container, for: .using)
        let view = try containers.readOnlyView(opened, layers: layers, top: try topLayer(of: container))
        let root = try attempt("export container '\(container.name)'", container) { () throws(FileError) in
            SharedDescriptor(try view.openRoot())
        }
        checkpoint.progress.begin("exporting \(container.name)", totalEntries: nil, totalBytes: nil)
        var options = TreeTarFeed.Options()
        options.mapping = try mapping(of: container)
        options.keepsAttribute = { !OverlayForm.isReserved($0) }
        let feed = TreeTarFeed(root, options: options, checkpoint: checkpoint)
        defer { feed.finish() }
        try TarPublication(to: output, replaces: replaces, isDurable: isDurable).write(checkpoint: checkpoint) {
            (sink) throws(StorageError) in
            var sink = sink
            while let chunk = try feed.nextChunk() {
                try ByteSlice(chunk, 0..<chunk.count).withBytes { (part) throws(StorageError) in try sink.write(part) }
            }
        }
        withExtendedLifetime(opened) {}
        return feed.changed + feed.skipped
    }

    /// Makes an image of what a container is now: its changes become a layer on those of its image.
    ///
    /// What lies in the volumes that the image declares is not among them. The image's notices tell what was left out, and
    /// what changed while it was read.
    ///
    /// - Parameters:
    ///   - reference: the image's name; `nil` for none.
    ///   - changes: to the image's configuration.
    ///   - comment, author: kept in the image's history.
    public func commitContainer(
        _ text: String, as reference: ImageReference?, changes: [ConfigurationChange] = [], author: String = "",
        comment: String = "", isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> LoadedImage {
        let container = try containers.container(text)
        let opened = try containers.open(container, for: .using)
        let base = try images.configuration(of: container.image)
        let (form, mapping, upper) = (layers.form, try mapping(of: container), opened.upper)
        let volumes = base.volumes.compactMap { EntryPath(parsing: $0.utf8.drop { $0 == UInt8(ascii: "/") }) }
        let reading = Monitor<TreeTarFeed?>(nil)
        checkpoint.progress.begin("committing \(container.name)", totalEntries: nil, totalBytes: nil)
        let source = LayerSource(
            .stream(name: "the changes of container '\(container.name)'") {
                let feed = ChangeTar.feed(
                    of: upper, without: volumes, form: form, mapping: mapping, checkpoint: checkpoint)
                reading.update { $0 = feed }
                return feed
            })
        let step = ImageStep(
            created: .now, createdBy: container.settings.command.joined(separator: " "), author: author,
            comment: comment)
        var image = try loading(isDurable: isDurable, checkpoint: checkpoint).make(
            source, on: try topLayer(of: container), names: reference.map { [$0] } ?? []
        ) { diffID throws(StorageError) in
            Array(base.adding(diffID, step, changes: changes).compactText.utf8)
        }
        withExtendedLifetime(opened) {}
        if let feed = reading.update({ $0 }) { image.notices += feed.changed + feed.skipped }
        return image
    }

    func topLayer(of container: Container) throws(StorageError) -> Digest? {
        try catalog.read { transaction throws(StorageError) in try transaction.topLayer(below: container) }
    }

    func mapping(of container: Container) throws(StorageError) -> IdentityMapping? {
        try container.settings.identityMapping.map { text throws(StorageError) in try IdentityMapping(text) }
    }

    private func attempt<Result>(
        _ doing: String, _ container: Container, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch {
            throw StorageError(error, doing: doing, object: container.name.rawValue)
        }
    }
}
