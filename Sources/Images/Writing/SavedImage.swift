package import StorageModel

/// An image to be saved.
package struct SavedImage: Sendable {
    package let id: Digest
    package let configuration: ImageConfiguration
    package var names: [ImageReference]
    /// Lowest first.
    package let layers: [Layer]

    /// - Throws: ``StorageError/Code/damaged`` unless the layers are those of the configuration.
    package init(
        id: Digest, configuration: ImageConfiguration, names: [ImageReference], layers: [Layer]
    ) throws(StorageError) {
        guard layers.map(\.diffID) == configuration.diffIDs else {
            throw StorageError(
                .damaged, object: id.description, "image \(id.short) has not the layers that its configuration lists",
                hint: "run holdfast check, then load or pull the image again")
        }
        self.id = id
        self.configuration = configuration
        self.names = names
        self.layers = layers
    }

    /// The manifest by which the image is found in an OCI layout: its layers uncompressed, called by their DiffIDs.
    var manifest: ImageManifest {
        ImageManifest(
            mediaType: MediaType.ociManifest,
            configuration: ContentDescriptor(
                mediaType: MediaType.ociConfiguration, digest: id,
                sizeBytes: UInt64(configuration.document.count)),
            layers: layers.map {
                ContentDescriptor(mediaType: MediaType.ociLayer, digest: $0.diffID, sizeBytes: $0.tarBytes)
            })
    }
}
