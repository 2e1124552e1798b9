internal import Archive
internal import StorageModel

/// A manifest in an archive: what image it makes of which blobs.
struct FoundManifest {
    let digest: Digest
    let manifest: ImageManifest
    /// For messages.
    let name: String
}

extension ImageManifest {
    /// Whether its configuration is not that of an image: a chart, a signature, a program.
    var isArtifact: Bool {
        let known = ["", MediaType.ociConfiguration, MediaType.dockerConfiguration]
        return !known.contains(configuration.mediaType)
    }
}

extension ImageBlobs {
    /// The image of a manifest, without names.
    func image(_ found: FoundManifest) throws(StorageError) -> LoadableImage {
        let descriptor = found.manifest.configuration
        let document = try bytes(descriptor, of: found.name)
        let configuration = try ImageConfiguration(
            document: document, of: "configuration \(descriptor.digest) of \(archive)")
        return LoadableImage(
            id: descriptor.digest, configuration: configuration, names: [],
            layers: try layers(found, configuration))
    }

    /// The layers of a manifest, their sizes checked.
    func layers(
        _ found: FoundManifest, _ configuration: ImageConfiguration
    ) throws(StorageError) -> [LayerBlob] {
        try checkCounts(layers: found.manifest.layers.count, configuration, of: found.name)
        var layers: [LayerBlob] = []
        for (descriptor, diffID) in zip(found.manifest.layers, configuration.diffIDs) {
            layers.append(
                LayerBlob(
                    blob: try blob(descriptor, of: found.name), digest: descriptor.digest,
                    mediaType: descriptor.mediaType, diffID: diffID))
        }
        return layers
    }

    /// - Throws: ``StorageError/Code/damaged`` unless there is one layer for each digest of the configuration.
    func checkCounts(
        layers: Int, _ configuration: ImageConfiguration, of owner: String
    ) throws(StorageError) {
        guard layers != configuration.diffIDs.count else { return }
        throw damaged("\(owner) lists \(layers) layers, the configuration \(configuration.diffIDs.count)")
    }
}
