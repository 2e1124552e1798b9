internal import Archive
internal import StorageModel

/// The blobs and documents of an image archive, checked as far as they are looked at.
struct ImageBlobs: Sendable {
    let entries: any ImageEntries
    /// Where the blobs lie, with a slash at its end (OCI image layout specification, "Blobs").
    var blobDirectory = "blobs/sha256/"

    /// The archive's name, for messages.
    var archive: String { entries.name }

    func path(of digest: Digest) -> EntryPath { EntryPath(trusted: Array((blobDirectory + digest.hex).utf8)) }

    /// The JSON document called `name`; `nil` if there is none.
    func document(named name: String) throws(StorageError) -> JSONValue? {
        guard let blob = try entries.file(at: EntryPath(trusted: Array(name.utf8))) else { return nil }
        return try JSONValue(parsing: try blob.bytes(limitBytes: ImageManifest.limitBytes), of: blob.name)
    }

    /// Whether the blob is there, whatever it holds.
    func contains(_ descriptor: ContentDescriptor) throws(StorageError) -> Bool {
        try entries.file(at: path(of: descriptor.digest)) != nil
    }

    /// The blob of a descriptor, its size checked, its digest not.
    ///
    /// - Parameter owner: what refers to it, for messages.
    func blob(_ descriptor: ContentDescriptor, of owner: String) throws(StorageError) -> StoredBlob {
        let path = path(of: descriptor.digest)
        guard let blob = try entries.file(at: path) else {
            throw missing(path, of: owner, isForeign: MediaType.isForeign(descriptor.mediaType))
        }
        guard blob.sizeBytes == descriptor.sizeBytes else {
            throw StorageError(
                .damaged, object: archive,
                "\(blob.name) has \(blob.sizeBytes) bytes, \(owner) says \(descriptor.sizeBytes)", hint: Self.saveAgain)
        }
        return blob
    }

    /// The content of a configuration, manifest or index, its size and digest checked.
    func bytes(_ descriptor: ContentDescriptor, of owner: String) throws(StorageError) -> [UInt8] {
        let blob = try blob(descriptor, of: owner)
        let bytes = try blob.bytes(limitBytes: ImageManifest.limitBytes)
        try check(ContentHasher.digest(bytes), is: descriptor.digest, blob.name)
        return bytes
    }

    func check(_ found: Digest, is expected: Digest, _ name: String) throws(StorageError) {
        guard found != expected else { return }
        throw StorageError(
            .damaged, object: archive, "\(name) is not what its digest says: it has \(found)", hint: Self.saveAgain)
    }

    func missing(_ path: EntryPath, of owner: String, isForeign: Bool = false) -> StorageError {
        StorageError(
            .damaged, object: archive,
            "\(archive) lacks \(path.description.printable(limit: 300)), which \(owner) refers to",
            hint: isForeign
                ? "it is a foreign layer, left out by who saved the image; save it with an engine that includes it"
                : Self.saveAgain)
    }

    func damaged(_ message: String, hint: String? = Self.saveAgain) -> StorageError {
        StorageError(.damaged, object: archive, message, hint: hint)
    }

    static let saveAgain = "the archive is damaged or incomplete; save the image again"
}

extension MediaType {
    /// Layers that may be missing from an archive because their publisher alone hands them out.
    static func isForeign(_ text: String) -> Bool { text.contains(".foreign.") || text.contains("nondistributable") }
}
