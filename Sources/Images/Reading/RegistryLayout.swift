internal import Archive
internal import StorageModel

/// A registry's answers as files: `manifest.json` is the manifest itself, each blob a file called by its digest. What
/// `podman save --format docker-dir` and skopeo's `dir:` write; it names no image.
struct RegistryLayout {
    private let blobs: ImageBlobs
    private let found: FoundManifest

    /// - Returns: `nil` if there is no `manifest.json`, or it is no manifest.
    init?(_ entries: any ImageEntries) throws(StorageError) {
        blobs = ImageBlobs(entries: entries, blobDirectory: "")
        guard let blob = try entries.file(at: EntryPath(trusted: Array(DockerLayout.manifestName.utf8))) else {
            return nil
        }
        let bytes = try blob.bytes(limitBytes: ImageManifest.limitBytes)
        let json = try JSONValue(parsing: bytes, of: blob.name)
        guard json["schemaVersion"] != nil else { return nil }
        found = FoundManifest(
            digest: ContentHasher.digest(bytes), manifest: try ImageManifest(json, of: blob.name), name: blob.name)
    }

    func images() throws(StorageError) -> [LoadableImage] {
        found.manifest.isArtifact ? [] : [try blobs.image(found)]
    }
}
