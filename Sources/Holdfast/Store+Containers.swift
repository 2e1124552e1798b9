internal import Archive
internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
public import StorageModel

extension Store {
    /// Makes a container: a writable layer on an image. Nothing is mounted or started.
    ///
    /// - Throws: ``StorageError/Code/notFound`` if there is no such image; ``StorageError/Code/conflict`` if the name is
    ///   taken.
    public func createContainer(_ request: ContainerRequest) throws(StorageError) -> Container {
        let image = try images.image(request.image)
        return try containers.create(request, on: image, stack: try layers.stack(to: image.topLayer))
    }

    /// All containers, the oldest first.
    public func containerDetails() throws(StorageError) -> [ContainerDetails] {
        var result: [ContainerDetails] = []
        for container in try containers.list() { result.append(try containers.details(of: container)) }
        return result
    }

    /// What is known of a container.
    ///
    /// - Parameter text: a name, or the beginning of an id.
    public func inspectContainer(_ text: String) throws(StorageError) -> ContainerDetails {
        try containers.details(of: try containers.container(text))
    }

    /// Mounts a container's root in this mount namespace, unless it is mounted already.
    ///
    /// - Returns: the host path of the root.
    public func mountContainer(_ text: String) throws(StorageError) -> String {
        let container = try containers.container(text)
        return try containers.mount(container, layers: layers, top: try topLayer(of: container))
    }

    /// Unmounts a container's root, in every mount namespace that has a copy of the mount.
    ///
    /// - Returns: whether it was mounted.
    @discardableResult
    public func unmountContainer(_ text: String) throws(StorageError) -> Bool {
        try containers.unmount(try containers.container(text))
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

    /// Removes a container with what it changed.
    ///
    /// - Parameter force: also if its root is mounted; one that runs is refused all the same.
    public func removeContainer(_ text: String, force: Bool = false) throws(StorageError) -> Container {
        let container = try containers.container(text)
        try containers.remove(container, force: force)
        return container
    }

    /// Removes the containers that are neither mounted nor running.
    ///
    /// - Parameter isDryRun: says what would go, and changes nothing.
    public func pruneContainers(isDryRun: Bool) throws(StorageError) -> [Container] {
        var removed: [Container] = []
        for container in try containers.list() {
            do throws(StorageError) {
                if try containers.details(of: container).isMounted { continue }
                if isDryRun {
                    _ = try containers.open(container, for: .changing)
                } else {
                    try containers.remove(container, force: false)
                }
                removed.append(container)
            } catch  where error.code == .inUse || error.code == .notFound {}
        }
        return removed
    }

    func topLayer(of container: Container) throws(StorageError) -> Digest? {
        try catalog.read { transaction throws(StorageError) in try transaction.topLayer(below: container) }
    }

    private func mapping(of container: Container) throws(StorageError) -> IdentityMapping? {
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
