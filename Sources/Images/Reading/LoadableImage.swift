package import Archive
package import StorageModel

/// An image in an archive: what it says of itself, and where its layers lie.
package struct LoadableImage: Sendable {
    /// The digest of the configuration.
    package let id: Digest
    package let configuration: ImageConfiguration
    /// The names that the archive has for it, each with a tag; none for an untagged image.
    package var names: [ImageReference]
    /// Lowest first, one for each of the configuration's `diffIDs`.
    package let layers: [LayerBlob]
}

/// A layer in an archive. Its content was not looked at: who unpacks it checks both digests.
package struct LayerBlob: Sendable {
    package let blob: StoredBlob
    /// Of the bytes as they are stored; `nil` where the layout does not say.
    package let digest: Digest?
    /// As the archive claims; the content rules.
    package let mediaType: String
    /// Of the uncompressed tar.
    package let diffID: Digest
}
