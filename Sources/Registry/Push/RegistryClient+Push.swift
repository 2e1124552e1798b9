internal import Archive
internal import NIOHTTP1
package import StorageModel

extension RegistryClient {
    /// Whether the registry has the blob in the repository.
    ///
    /// - Throws: ``StorageError/Code/permissionDenied``, ``StorageError/Code/system``.
    package func hasBlob(
        _ blob: ContentDescriptor, in reference: ImageReference, checkpoint: Checkpoint
    ) throws(StorageError) -> Bool {
        let endpoint = try configuration.endpoint(for: reference.registry)
        let request = OutgoingRequest(.HEAD, endpoint.blob(reference.repository, blob.digest))
        let response = try answer(to: request, endpoint, reference, checkpoint)
        switch response.status {
        case 200: return response["Content-Length"].flatMap { UInt64($0) }.map { $0 == blob.sizeBytes } ?? true
        case 404: return false
        default:
            throw response.refusal(
                doing: "look for blob \(blob.digest.short) in '\(reference)'", object: reference.description,
                registry: reference.registry)
        }
    }

    /// Brings a blob into the repository of `reference`, in the cheapest way: not at all if it is there, by mounting it
    /// from another repository of the registry, by an upload.
    ///
    /// The upload streams from the file; one that breaks off goes on where the registry says it ended. The registry
    /// checks the digest.
    ///
    /// - Parameter source: the name of a repository of the same registry that is known to have the blob.
    /// - Throws: ``StorageError/Code/damaged`` if the registry finds that the file is not what its digest says.
    package func push(
        _ source: BlobSource, to reference: ImageReference, mountingFrom other: String? = nil, checkpoint: Checkpoint
    ) throws(StorageError) -> PushOutcome {
        if try hasBlob(source.blob, in: reference, checkpoint: checkpoint) {
            checkpoint.progress.advance(entries: 0, bytes: source.blob.sizeBytes)
            return .wasThere
        }
        let endpoint = try configuration.endpoint(for: reference.registry)
        var upload = BlobUpload(source, reference, endpoint, exchange, checkpoint)
        return try upload.run(mountingFrom: other == reference.repository ? nil : other)
    }

    /// Stores a manifest or an index under the tag of `reference`, or under its own digest if it has none.
    ///
    /// What it names must be in the repository before.
    ///
    /// - Returns: its digest, checked against the registry's word.
    package func putManifest(
        _ document: [UInt8], mediaType: String, as reference: ImageReference, checkpoint: Checkpoint
    ) throws(StorageError) -> Digest {
        let digest = ContentHasher.digest(document)
        if let wanted = reference.digest, wanted != digest {
            throw StorageError(
                .conflict, object: reference.description,
                "the manifest is \(digest), it cannot be pushed as '\(reference)'",
                hint: "push it under a tag")
        }
        let endpoint = try configuration.endpoint(for: reference.registry)
        let name = reference.tag ?? digest.description
        let request = OutgoingRequest(
            .PUT, endpoint.manifest(reference.repository, name), headers: [("Content-Type", mediaType)],
            body: .bytes(document))
        let response = try answer(to: request, endpoint, reference, checkpoint)
        guard response.status == 201 else {
            throw response.refusal(
                doing: "push '\(reference)'", object: reference.description, registry: reference.registry)
        }
        if let told = response["Docker-Content-Digest"], told != digest.description {
            throw StorageError(
                .damaged, object: reference.description,
                "'\(reference.registry)' keeps another manifest than the one that was pushed as '\(reference)'",
                causes: ["it says \(told.printable(limit: 80))", "pushed was \(digest)"])
        }
        return digest
    }

    private func answer(
        to request: OutgoingRequest, _ endpoint: Endpoint, _ reference: ImageReference, _ checkpoint: Checkpoint
    ) throws(StorageError) -> IncomingResponse {
        do throws(TransportFailure) {
            return try exchange.open(
                request, at: endpoint, .push(reference.repository), until: checkpoint.interruption)
        } catch {
            throw error.error
        }
    }
}
