internal import Archive
internal import StorageModel

/// Finds the manifest that is meant among entries for several platforms, through indexes inside of indexes.
struct PlatformChoice {
    private enum Document {
        case manifest(ImageManifest)
        case index(ImageIndex)
    }

    private let blobs: ImageBlobs
    private let platform: Platform?
    private var documents: [Digest: Document] = [:]
    private var documentBytes = 0
    private var entryCount = 0
    /// The first blob that should be there and is not, and what refers to it.
    private var missing: (descriptor: ContentDescriptor, owner: String)?

    /// Indexes inside of indexes.
    private static let depthLimit = 4
    /// Entries of all indexes that are looked at.
    private static let entryLimit = 20_000
    /// All manifests and indexes together.
    private static let documentLimitBytes = 64 << 20

    /// - Parameter platform: `nil` for this machine's where there is a choice, else whatever is there.
    init(_ blobs: ImageBlobs, _ platform: Platform?) {
        self.blobs = blobs
        self.platform = platform
    }

    /// The manifest of the first entry for the platform whose blobs are all there.
    ///
    /// - Returns: `nil` if no entry is for the platform.
    /// - Throws: what is missing, if entries are for the platform but none of their manifests is there.
    mutating func manifest(of entries: [ImageIndex.Entry], owner: String) throws(StorageError) -> FoundManifest? {
        missing = nil
        let candidates = try candidates(entries, owner: owner, depth: 0)
        for candidate in candidates where try isWhole(candidate.manifest) { return candidate }
        if let first = candidates.first { return first }
        if let missing { throw blobs.missing(blobs.path(of: missing.descriptor.digest), of: missing.owner) }
        return nil
    }

    /// All manifests that could be meant and are there, the best first.
    private mutating func candidates(
        _ entries: [ImageIndex.Entry], owner: String, depth: Int
    ) throws(StorageError) -> [FoundManifest] {
        guard depth < Self.depthLimit else {
            throw blobs.damaged("\(owner) nests indexes more than \(Self.depthLimit) deep", hint: nil)
        }
        var result: [FoundManifest] = []
        for entry in ordered(entries) {
            entryCount += 1
            guard entryCount <= Self.entryLimit else { throw tooLarge("\(Self.entryLimit) entries") }
            guard try blobs.contains(entry.descriptor) else {
                missing = missing ?? (entry.descriptor, owner)
                continue
            }
            let name = "manifest \(entry.descriptor.digest) of \(blobs.archive)"
            switch try document(entry.descriptor, name, owner) {
            case .index(let nested): result += try candidates(nested.entries, owner: name, depth: depth + 1)
            case .manifest(let manifest):
                result.append(FoundManifest(digest: entry.descriptor.digest, manifest: manifest, name: name))
            }
        }
        return result
    }

    private mutating func document(
        _ descriptor: ContentDescriptor, _ name: String, _ owner: String
    ) throws(StorageError) -> Document {
        if let known = documents[descriptor.digest] { return known }
        let bytes = try blobs.bytes(descriptor, of: owner)
        documentBytes += bytes.count
        guard documentBytes <= Self.documentLimitBytes else {
            throw tooLarge("\(ByteCount(UInt64(Self.documentLimitBytes)))")
        }
        let json = try JSONValue(parsing: bytes, of: name)
        let document: Document =
            if MediaType.isIndex(descriptor.mediaType) || json["manifests"] != nil {
                .index(try ImageIndex(json, of: name))
            } else {
                .manifest(try ImageManifest(json, of: name))
            }
        documents[descriptor.digest] = document
        return document
    }

    private func tooLarge(_ limit: String) -> StorageError {
        StorageError(
            .limitExceeded, object: blobs.archive, "the indexes of \(blobs.archive) have more than \(limit)")
    }

    /// Entries for the platform, then those that do not say, then the others unless a platform was asked for.
    private func ordered(_ entries: [ImageIndex.Entry]) -> [ImageIndex.Entry] {
        let images = entries.filter { !$0.isAttestation }
        let wanted = platform ?? .current
        let accepted = images.filter { $0.platform.map { wanted.accepts($0) } ?? false }
        let unsaid = images.filter { $0.platform == nil }
        let others = platform != nil ? [] : images.filter { $0.platform.map { !wanted.accepts($0) } ?? false }
        return accepted + unsaid + others
    }

    private func isWhole(_ manifest: ImageManifest) throws(StorageError) -> Bool {
        for descriptor in [manifest.configuration] + manifest.layers where !(try blobs.contains(descriptor)) {
            return false
        }
        return true
    }
}
