internal import Archive
internal import Catalog
internal import FileTree
internal import Images
internal import Layers
internal import Registry
public import StorageModel

/// What a push did.
public struct PushReport: Hashable, Sendable {
    public let reference: ImageReference
    /// Of the manifest, by which the registry will always know the image.
    public let digest: Digest
    public let layers: Int
    /// How many of the layers the registry did not have.
    public let uploadedLayers: Int
    public let uploadedBytes: UInt64
}

extension Store {
    /// Pushes an image to the registry in its name (OCI distribution specification).
    ///
    /// A layer that the registry has is not transferred; one that was pulled is pushed as it was, compressed as it was, where
    /// the registry still has it. Others are compressed by gzip, which every engine reads.
    ///
    /// - Parameters:
    ///   - text: the image.
    ///   - reference: the name to push it as, with its registry; a tag.
    public func pushImage(
        _ text: String, as reference: ImageReference, options: RegistryOptions = RegistryOptions(),
        checkpoint: Checkpoint
    ) throws(StorageError) -> PushReport {
        let details = try inspectImage(text)
        let client = try registryClient(options)
        defer { client.close() }
        checkpoint.progress.begin(
            "pushing \(reference)", totalEntries: nil, totalBytes: details.layers.reduce(0) { $0 + $1.tarBytes })
        let area = try makeArea("push '\(reference)'")
        let result = Result { () throws(StorageError) in
            try ImagePush(self, client, reference, details, area, checkpoint).run()
        }
        // What could not be removed is swept by the next open; the first failure is the one to tell.
        try? area.discard()
        return try result.get()
    }
}

/// Pushes one image.
private struct ImagePush {
    private let store: Store
    private let client: RegistryClient
    private let reference: ImageReference
    private let details: ImageDetails
    private let area: StagingArea
    private let checkpoint: Checkpoint

    init(
        _ store: Store, _ client: RegistryClient, _ reference: ImageReference, _ details: ImageDetails,
        _ area: StagingArea, _ checkpoint: Checkpoint
    ) {
        self.store = store
        self.client = client
        self.reference = reference
        self.details = details
        self.area = area
        self.checkpoint = checkpoint
    }

    func run() throws(StorageError) -> PushReport {
        var descriptors: [ContentDescriptor] = []
        var (uploaded, bytes) = (0, UInt64(0))
        for layer in details.layers {
            if let known = try knownBlob(of: layer) {
                descriptors.append(known)
                continue
            }
            let blob = try compress(layer)
            let outcome = try client.push(
                BlobSource(blob.descriptor, in: blob.file), to: reference, checkpoint: checkpoint)
            if outcome == .uploaded { (uploaded, bytes) = (uploaded + 1, bytes + blob.descriptor.sizeBytes) }
            descriptors.append(blob.descriptor)
            try store.catalog.transaction { transaction throws(StorageError) in
                try transaction.insert(blob.descriptor, ofLayer: layer.chainID)
            }
        }
        let configuration = try pushConfiguration()
        let manifest = ImageManifest(
            mediaType: MediaType.ociManifest, configuration: configuration, layers: descriptors)
        let digest = try client.putManifest(
            Array(manifest.json.compactText.utf8), mediaType: MediaType.ociManifest, as: reference,
            checkpoint: checkpoint)
        return PushReport(
            reference: reference, digest: digest, layers: descriptors.count, uploadedLayers: uploaded,
            uploadedBytes: bytes)
    }

    /// A form of the layer that the registry has already.
    private func knownBlob(of layer: Layer) throws(StorageError) -> ContentDescriptor? {
        let blobs = try store.catalog.read { transaction throws(StorageError) in
            try transaction.blobs(ofLayer: layer.chainID)
        }
        for blob in blobs where try client.hasBlob(blob, in: reference, checkpoint: checkpoint) {
            return ContentDescriptor(
                mediaType: Self.ociMediaType(blob.mediaType), digest: blob.digest, sizeBytes: blob.sizeBytes)
        }
        return nil
    }

    /// The manifest is OCI's, so its layers' types are.
    private static func ociMediaType(_ mediaType: String) -> String {
        switch mediaType {
        case MediaType.dockerLayerGzip: MediaType.ociLayerGzip
        case MediaType.dockerLayer: MediaType.ociLayer
        default: mediaType
        }
    }

    private func compress(
        _ layer: Layer
    ) throws(StorageError) -> (descriptor: ContentDescriptor, file: SharedDescriptor) {
        let file = try makeFile("blob-\(layer.chainID.short)")
        let feed = try store.layers.tar(of: layer.chainID, checkpoint: checkpoint)
        defer { feed.finish() }
        let sink = try GzipSink(
            to: FileSink(file, name: "a compressed layer", startsWriteback: false),
            threads: WorkerPool.defaultThreads, checkpoint: checkpoint)
        while let chunk = try feed.nextChunk() {
            try chunk.withUnsafeBufferPointer { (bytes) throws(StorageError) in
                try sink.write(UnsafeRawBufferPointer(bytes))
            }
        }
        let finished = try sink.finish()
        guard finished.contentDigest == layer.diffID else {
            throw StorageError(
                .damaged, object: layer.diffID.description, "layer \(layer.chainID.short) is not what was loaded",
                hint: "run holdfast check --repair, then load or pull the image again")
        }
        let descriptor = ContentDescriptor(
            mediaType: MediaType.ociLayerGzip, digest: finished.digest, sizeBytes: finished.sizeBytes)
        return (descriptor, file)
    }

    private func pushConfiguration() throws(StorageError) -> ContentDescriptor {
        let document = details.configuration.document
        let descriptor = ContentDescriptor(
            mediaType: MediaType.ociConfiguration, digest: details.image.id, sizeBytes: UInt64(document.count))
        let file = try makeFile("configuration")
        do throws(FileError) {
            try file.descriptor.writeAll(document, at: 0)
        } catch {
            throw StorageError(error, doing: "push '\(reference)'", object: reference.description)
        }
        _ = try client.push(BlobSource(descriptor, in: file), to: reference, checkpoint: checkpoint)
        return descriptor
    }

    private func makeFile(_ name: String) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try area.directory.createFile(Array(name.utf8)))
        } catch {
            throw StorageError(error, doing: "push '\(reference)'", object: reference.description)
        }
    }
}
