package import StorageModel

/// An image as a registry has it for one platform: everything but its layers, each part checked against its digest.
package struct ResolvedImage: Sendable {
    /// The name that was asked for.
    package let reference: ImageReference
    /// The digest that the name stands for: of the index where there is one, else of the manifest.
    package let digest: Digest
    /// The manifest, byte for byte.
    package let manifestDocument: [UInt8]
    package let manifestDigest: Digest
    package let manifest: ImageManifest
    package let configuration: ImageConfiguration

    /// Lowest first.
    package var layers: [ContentDescriptor] { manifest.layers }
}

/// A manifest or an index that was fetched and checked.
struct FetchedDocument: Sendable {
    let bytes: [UInt8]
    let digest: Digest
    let mediaType: String
    let json: JSONValue
}
