internal import Archive
internal import Catalog
internal import FileTree
internal import Images
internal import Layers
internal import StorageModel

/// Brings one image into a store: its layers, its configuration and its names, in one transaction at the end.
///
/// Until then everything lies in a staging area: a failure, a kill or a power cut leaves the store as it was.
struct ImageLoading {
    let images: ImageStore
    let layers: LayerStore
    let staging: SharedDescriptor
    let threads: Int
    let isDurable: Bool
    let checkpoint: Checkpoint

    /// Between looking which layers there are and recording the image, another process may remove some; then it is begun
    /// again, so often at most.
    private static let attempts = 5

    /// Loads an image whose configuration is known.
    ///
    /// - Parameter names: what the image is called from now on; other images lose these names.
    func load(
        _ configuration: ImageConfiguration, sources: [LayerSource], names: [ImageReference]
    ) throws(StorageError) -> LoadedImage {
        let id = ContentHasher.digest(configuration.document)
        return try retried { area throws(StorageError) in
            let assembly = try LayerAssembly(
                sources, in: layers, area: area, threads: threads, isDurable: isDurable, checkpoint: checkpoint)
            try assembly.unpack()
            return try publish(id, configuration.document, assembly, names, area)
        }
    }

    /// Makes an image of one new layer on top of others.
    ///
    /// - Parameter configure: makes the configuration's document, given the digest of the new layer's tar.
    func make(
        _ source: LayerSource, on base: Digest?, names: [ImageReference],
        configure: (Digest) throws(StorageError) -> [UInt8]
    ) throws(StorageError) -> LoadedImage {
        try retried { area throws(StorageError) in
            let assembly = try LayerAssembly(
                [source], on: base, in: layers, area: area, threads: threads, isDurable: isDurable,
                checkpoint: checkpoint)
            try assembly.unpack()
            guard let diffID = assembly.diffIDs.last else {
                throw StorageError(.system, "the new layer has no digest")
            }
            let document = try configure(diffID)
            return try publish(ContentHasher.digest(document), document, assembly, names, area)
        }
    }

    /// - Returns: `nil` from `body` means: begin again.
    private func retried(
        _ body: (StagingArea) throws(StorageError) -> LoadedImage?
    ) throws(StorageError) -> LoadedImage {
        for _ in 0..<Self.attempts {
            let area: StagingArea
            do throws(FileError) {
                area = try StagingArea.make(in: staging.descriptor)
            } catch {
                throw StorageError(error, doing: "prepare an image", object: "")
            }
            let result = Result { () throws(StorageError) in try body(area) }
            // What could not be removed is swept by the next open; the first failure is the one to tell.
            try? area.discard()
            if let loaded = try result.get() { return loaded }
        }
        throw StorageError(
            .inUse, "other processes keep removing the layers that the image needs",
            hint: "try again when they are done")
    }

    /// - Returns: `nil` if a layer that was there is gone.
    private func publish(
        _ id: Digest, _ document: [UInt8], _ assembly: LayerAssembly, _ names: [ImageReference], _ area: StagingArea
    ) throws(StorageError) -> LoadedImage? {
        try images.stage(document, in: area, isDurable: isDurable)
        let image = Image(id: id, topLayer: assembly.top, loadedAt: .now)
        var isNew = false
        do throws(StorageError) {
            let isComplete = try images.catalog.transaction { transaction throws(StorageError) in
                guard try assembly.publish(in: transaction) else { throw Self.beginAgain }
                isNew = try images.publish(image, from: area, in: transaction, isDurable: isDurable)
                for name in names { try transaction.setName(name, of: id) }
                return true
            }
            guard isComplete else { return nil }
        } catch {
            // The transaction was rolled back, or its commit failed: what has no row is garbage again.
            try? assembly.discardUnpublished()
            try? images.blobs.discard(Array(id.hex.utf8))
            if error.code == Self.beginAgain.code && error.message == Self.beginAgain.message { return nil }
            throw error
        }
        return LoadedImage(
            id: id, names: names, isNew: isNew, layers: assembly.diffIDs.count, newLayers: assembly.newLayers,
            notices: assembly.notices)
    }

    private static let beginAgain = StorageError(.conflict, "a layer was removed meanwhile")
}
