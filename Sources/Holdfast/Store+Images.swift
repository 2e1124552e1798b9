internal import Archive
internal import Catalog
internal import FileTree
internal import Images
internal import Layers
public import StorageModel

extension Store {
    /// Loads the images of an archive: what `docker save`, `podman save`, skopeo, containerd, umoci and ``saveImages(_:to:)``
    /// write, as a file, a directory or standard input.
    ///
    /// Every byte is verified against the digests that the images have of themselves. Layers that the store has are not
    /// unpacked again, so loading twice changes nothing. Each image appears in one step, on disk unless asked otherwise; a
    /// name that another image has is taken from it.
    ///
    /// - Parameter platform: which of several images for different machines is meant; `nil` for this machine's.
    /// - Throws: ``StorageError/Code/damaged`` for what is no image archive, or not what its digests say.
    public func loadImages(
        from input: ImageInput, platform: Platform? = nil, isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> [LoadedImage] {
        let spool = try makeArea("read an image archive")
        let result = Result { () throws(StorageError) in
            try loadAll(from: input, platform, isDurable, spool: spool.directory, checkpoint)
        }
        // What could not be removed is swept by the next open; the first failure is the one to tell.
        try? spool.discard()
        return try result.get()
    }

    private func loadAll(
        from input: ImageInput, _ platform: Platform?, _ isDurable: Bool, spool: borrowing Descriptor,
        _ checkpoint: Checkpoint
    ) throws(StorageError) -> [LoadedImage] {
        checkpoint.progress.begin("loading \(input)", totalEntries: nil, totalBytes: nil)
        let archive = try ImageArchive.open(input, spool: spool, checkpoint: checkpoint)
        let loading = try loading(isDurable: isDurable, checkpoint: checkpoint)
        var loaded: [LoadedImage] = []
        for image in try archive.images(for: platform) {
            let sources = image.layers.map {
                LayerSource(.blob($0.blob), digest: $0.digest, diffID: $0.diffID)
            }
            loaded.append(try loading.load(image.configuration, sources: sources, names: image.names))
        }
        return loaded
    }

    func loading(isDurable: Bool, checkpoint: Checkpoint) throws(StorageError) -> ImageLoading {
        ImageLoading(
            images: images, layers: layers, staging: try sharedStaging(), threads: WorkerPool.defaultThreads,
            isDurable: isDurable, checkpoint: checkpoint)
    }

    func makeArea(_ doing: String) throws(StorageError) -> StagingArea {
        do throws(FileError) {
            return try StagingArea.make(in: staging)
        } catch {
            throw StorageError(error, doing: doing, object: rootPath)
        }
    }

    private func sharedStaging() throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try staging.duplicate())
        } catch {
            throw StorageError(error, doing: "open the store's staging directory", object: rootPath)
        }
    }

    // MARK: Looking

    /// All images, the oldest in the store first. Cost: a few statements, and one small file an image.
    public func imageSummaries() throws(StorageError) -> [ImageSummary] {
        let (all, sizes, containers) = try catalog.read { transaction throws(StorageError) in
            let layers = try transaction.layers()
            return (try transaction.images(), Self.chainSizes(layers), try transaction.containers())
        }
        var result: [ImageSummary] = []
        for image in all {
            let configuration = try images.configuration(of: image.id)
            result.append(
                ImageSummary(
                    image: image, createdAt: configuration.created, platform: configuration.platform,
                    allocatedBytes: image.topLayer.flatMap { sizes[$0] } ?? 0,
                    containers: containers.filter { $0.image == image.id }.map(\.name)))
        }
        return result
    }

    /// What each layer takes together with everything below it.
    private static func chainSizes(_ layers: [Layer]) -> [Digest: UInt64] {
        var sizes: [Digest: UInt64] = [:]
        for layer in layers {
            sizes[layer.chainID] = layer.allocatedBytes.clampedSum(layer.parent.flatMap { sizes[$0] } ?? 0)
        }
        return sizes
    }

    /// What is known of an image.
    ///
    /// - Parameter text: a name, or the beginning of an id.
    public func inspectImage(_ text: String) throws(StorageError) -> ImageDetails {
        let image = try images.image(text)
        let (chain, containers) = try catalog.read { transaction throws(StorageError) in
            let chain = if let top = image.topLayer { try transaction.chain(to: top) } else { [Layer]() }
            return (chain, try transaction.containers(ofImage: image.id).map(\.name))
        }
        return ImageDetails(
            image: image, configuration: try images.configuration(of: image.id), layers: chain, containers: containers)
    }

    // MARK: Changing

    /// Gives an image a further name; another image that has it loses it.
    public func tagImage(_ text: String, as reference: ImageReference) throws(StorageError) {
        guard reference.digest == nil else {
            throw StorageError(
                .invalidInput, object: reference.description, "'\(reference)' has a digest: only registries give those",
                hint: "write NAME:TAG")
        }
        let image = try images.image(text)
        _ = try catalog.transaction { transaction throws(StorageError) in
            try transaction.setName(reference, of: image.id)
        }
    }

    /// Takes a name from an image, and removes the image with the layers that nothing else needs if it was the last one.
    ///
    /// - Parameters:
    ///   - text: a name; or the beginning of an id, which means the image with all its names.
    ///   - force: removes an image with several names by its id.
    /// - Throws: ``StorageError/Code/inUse`` naming the container that is made of it.
    public func removeImage(_ text: String, force: Bool = false) throws(StorageError) -> ImageRemoval {
        let image = try images.image(text)
        let name = Self.name(text, of: image)
        if name == nil && image.tags.count > 1 && !force {
            throw StorageError(
                .conflict, object: text,
                "image \(image.id.short) has several names: \(image.tags.map(\.description).joined(separator: ", "))",
                hint: "remove them one by one, or all with --force")
        }
        let removal = try catalog.transaction { transaction throws(StorageError) in
            var removal = try Self.remove(image, name: name, in: transaction)
            try addOverhead(to: &removal)
            return removal
        }
        try discard(removal)
        return removal
    }

    /// The name that the text is, if it is one and not an id.
    private static func name(_ text: String, of image: Image) -> ImageReference? {
        do throws(StorageError) {
            let reference = try ImageReference(text)
            let isName = (image.tags + image.repositoryDigests).contains { $0.canonical == reference.canonical }
            return isName && text != image.id.description && text != image.id.hex ? reference : nil
        } catch {
            return nil
        }
    }

    private static func remove(
        _ image: Image, name: ImageReference?, in transaction: Transaction
    ) throws(StorageError) -> ImageRemoval {
        var removal = ImageRemoval()
        guard let current = try transaction.image(image.id) else {
            throw StorageError(.notFound, object: image.id.description, "image \(image.id.short) is gone already")
        }
        if let name {
            if try transaction.removeName(name) { removal.untagged.append(name) }
            if current.tags.count + current.repositoryDigests.count > 1 { return removal }
        } else {
            removal.untagged = current.tags
        }
        try remove(current, in: transaction, into: &removal)
        return removal
    }

    static func remove(
        _ image: Image, in transaction: Transaction, into removal: inout ImageRemoval
    ) throws(StorageError) {
        let sizes = try image.topLayer.map { top throws(StorageError) in try transaction.chain(to: top) } ?? []
        try transaction.remove(image: image.id)
        removal.images.append(image.id)
        let gone = try LayerStore.removeUnused(from: image.topLayer, in: transaction)
        removal.layers += gone
        for layer in sizes where gone.contains(layer.chainID) {
            removal.reclaimedBytes = removal.reclaimedBytes.clampedSum(layer.allocatedBytes)
        }
    }

    /// Counts what goes from the disk besides the layers' trees. Call inside the transaction: until it ends, all is there.
    func addOverhead(to removal: inout ImageRemoval) throws(StorageError) {
        for image in removal.images {
            removal.reclaimedBytes = removal.reclaimedBytes.clampedSum(try images.blobBytes(of: image))
        }
        for layer in removal.layers {
            removal.reclaimedBytes = removal.reclaimedBytes.clampedSum(try layers.overheadBytes(of: layer))
        }
    }

    /// Deletes the files of what a transaction removed.
    func discard(_ removal: ImageRemoval) throws(StorageError) {
        for image in removal.images { try images.blobs.discard(Array(image.hex.utf8)) }
        try layers.discard(removal.layers)
    }

    /// Removes images that no container is made of: those without a name, or with `all` every one.
    ///
    /// - Parameter isDryRun: says what would go, and changes nothing.
    public func pruneImages(all: Bool, isDryRun: Bool) throws(StorageError) -> ImageRemoval {
        let body = { (transaction: Transaction) throws(StorageError) -> ImageRemoval in
            var removal = ImageRemoval()
            let used = Set(try transaction.containers().flatMap { [$0.image] + $0.mounts.compactMap(\.image) })
            for image in try transaction.images() where !used.contains(image.id) && (all || image.tags.isEmpty) {
                removal.untagged += image.tags
                try Self.remove(image, in: transaction, into: &removal)
            }
            try self.addOverhead(to: &removal)
            return removal
        }
        if isDryRun { return try catalog.rehearse(body) }
        let removal = try catalog.transaction(body)
        try discard(removal)
        return removal
    }
}
