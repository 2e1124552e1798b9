internal import Archive
internal import NIOHTTP1
package import StorageModel

extension RegistryClient {
    /// Finds out what the name stands for: its manifest for the platform and its configuration.
    ///
    /// Takes a few requests, and no more memory than ``StorageModel/ImageManifest/limitBytes`` for each document. Of an
    /// index the image of the platform is taken, never an attestation.
    ///
    /// - Throws: ``StorageError/Code/notFound`` if there is no such image or none for the platform;
    ///   ``StorageError/Code/permissionDenied``; ``StorageError/Code/damaged`` if a document is not what its digest
    ///   says; ``StorageError/Code/limitExceeded``; ``StorageError/Code/invalidInput`` for what is no image of a container.
    package func resolve(
        _ reference: ImageReference, platform: Platform, checkpoint: Checkpoint
    ) throws(StorageError) -> ResolvedImage {
        try firstEndpoint(for: reference.registry, checkpoint) { endpoint throws(SourceFailure) in
            try ImageResolution(reference, platform, at: endpoint, exchange, checkpoint.interruption).run()
        }
    }
}

/// One resolution at one server.
private struct ImageResolution {
    private let reference: ImageReference
    private let platform: Platform
    private let endpoint: Endpoint
    private let exchange: Exchange
    private let interruption: Interruption

    private static let accepted = [
        MediaType.ociIndex, MediaType.ociManifest, MediaType.dockerIndex, MediaType.dockerManifest,
    ].joined(separator: ", ")
    /// An index may lie in an index (OCI image specification); deeper ones are nobody's.
    private static let depthLimit = 3

    init(
        _ reference: ImageReference, _ platform: Platform, at endpoint: Endpoint, _ exchange: Exchange,
        _ interruption: Interruption
    ) {
        self.reference = reference
        self.platform = platform
        self.endpoint = endpoint
        self.exchange = exchange
        self.interruption = interruption
    }

    func run() throws(SourceFailure) -> ResolvedImage {
        let named = reference.digest?.description ?? reference.tag ?? ImageReference.defaultTag
        let first = try fetch(named, expecting: reference.digest, sizeBytes: nil)
        var document = first
        for _ in 0..<Self.depthLimit where document.isIndex {
            let entry = try chosen(from: document)
            document = try fetch(entry.digest.description, expecting: entry.digest, sizeBytes: entry.sizeBytes)
        }
        do throws(StorageError) {
            guard !document.isIndex else {
                throw StorageError(.damaged, object: name, "'\(name)' is an index in an index in an index")
            }
            let manifest = try imageManifest(document)
            let configuration = try configuration(of: manifest)
            guard configuration.diffIDs.count == manifest.layers.count else {
                throw StorageError(
                    .damaged, object: name,
                    "'\(name)' has \(manifest.layers.count) layers, its configuration names \(configuration.diffIDs.count)"
                )
            }
            return ResolvedImage(
                reference: reference, digest: first.digest, manifestDocument: document.bytes,
                manifestDigest: document.digest, manifest: manifest, configuration: configuration)
        } catch {
            throw SourceFailure(error)
        }
    }

    private var name: String { reference.description }

    // MARK: Documents

    /// Fetches a manifest or an index and checks it: by the digest if one is known, else by what the server says.
    private func fetch(
        _ named: String, expecting digest: Digest?, sizeBytes: UInt64?
    ) throws(SourceFailure) -> FetchedDocument {
        if let sizeBytes, sizeBytes > UInt64(ImageManifest.limitBytes) {
            throw SourceFailure(
                StorageError(
                    .limitExceeded, object: name,
                    "the manifest of '\(name)' is larger than \(ImageManifest.limitBytes) bytes"))
        }
        let request = OutgoingRequest(
            .GET, endpoint.manifest(reference.repository, named), headers: [("Accept", Self.accepted)])
        let (response, bytes) = try bytes(request, "the manifest of '\(name)'")
        let computed = ContentHasher.digest(bytes)
        let told = response["Docker-Content-Digest"].flatMap { Digest(parsing: $0) }
        do throws(StorageError) {
            if let wanted = digest ?? told, wanted != computed {
                throw StorageError(
                    .damaged, object: name,
                    "the manifest of '\(name)' from '\(endpoint.origin)' is not what its digest says",
                    causes: ["it should be \(wanted)", "it is \(computed)"])
            }
            if let sizeBytes, sizeBytes != UInt64(bytes.count) {
                throw StorageError(
                    .damaged, object: name, "the manifest of '\(name)' has \(bytes.count) bytes, not \(sizeBytes)")
            }
            return try document(bytes, computed, contentType: response["Content-Type"])
        } catch {
            throw SourceFailure(error)
        }
    }

    private func document(
        _ bytes: [UInt8], _ digest: Digest, contentType: String?
    ) throws(StorageError) -> FetchedDocument {
        let json = try JSONValue(parsing: bytes, of: "the manifest of '\(name)'")
        let header = String(contentType?.prefix { $0 != ";" } ?? "").lowercased()
        let mediaType = json["mediaType"]?.text ?? header
        if json["schemaVersion"]?.count == 1 || mediaType.hasPrefix("application/vnd.docker.distribution.manifest.v1") {
            throw StorageError(
                .invalidInput, object: name, "'\(name)' is an image of schema version 1, which is obsolete",
                hint: "pull it with an old engine and push it anew with a current one")
        }
        // Why: what is both can be read as two different images (CVE-2021-41190).
        guard json["manifests"] == nil || json["layers"] == nil && json["config"] == nil else {
            throw StorageError(.damaged, object: name, "'\(name)' is an index and a manifest at the same time")
        }
        let isKnown = MediaType.isIndex(mediaType) || MediaType.isManifest(mediaType)
        let type = isKnown ? mediaType : json["manifests"] != nil ? MediaType.ociIndex : MediaType.ociManifest
        return FetchedDocument(bytes: bytes, digest: digest, mediaType: type, json: json)
    }

    private func chosen(from index: FetchedDocument) throws(SourceFailure) -> ContentDescriptor {
        do throws(StorageError) {
            let entries = try ImageIndex(index.json, of: "the index of '\(name)'")
            if let entry = entries.entry(for: platform) { return entry.descriptor }
            let platforms = Set(
                entries.entries.compactMap { $0.platform?.description }.filter { $0 != "unknown/unknown" })
            throw StorageError(
                .notFound, object: name, "'\(name)' has no image for \(platform)",
                hint: platforms.isEmpty
                    ? nil : "it has these: \(platforms.sorted().joined(separator: ", ").printable(limit: 500))")
        } catch {
            throw SourceFailure(error)
        }
    }

    private func imageManifest(_ document: FetchedDocument) throws(StorageError) -> ImageManifest {
        let manifest = try ImageManifest(document.json, of: "the manifest of '\(name)'")
        let type = manifest.configuration.mediaType
        guard type == MediaType.ociConfiguration || type == MediaType.dockerConfiguration else {
            throw StorageError(
                .invalidInput, object: name, "'\(name)' is not an image of a container",
                causes: ["its configuration is of the type '\(type.printable(limit: 100))'"])
        }
        return ImageManifest(
            mediaType: document.mediaType, configuration: manifest.configuration, layers: manifest.layers)
    }

    // MARK: Configuration

    private func configuration(of manifest: ImageManifest) throws(StorageError) -> ImageConfiguration {
        let wanted = manifest.configuration
        let what = "the configuration of '\(name)'"
        guard wanted.sizeBytes <= UInt64(ImageManifest.limitBytes) else {
            throw StorageError(
                .limitExceeded, object: name, "\(what) is larger than \(ImageManifest.limitBytes) bytes")
        }
        let bytes: [UInt8]
        do throws(SourceFailure) {
            let request = OutgoingRequest(.GET, endpoint.blob(reference.repository, wanted.digest))
            bytes = try self.bytes(request, what, limitBytes: Int(wanted.sizeBytes)).bytes
        } catch {
            throw error.error
        }
        let computed = ContentHasher.digest(bytes)
        guard UInt64(bytes.count) == wanted.sizeBytes, computed == wanted.digest else {
            throw StorageError(
                .damaged, object: name, "\(what) from '\(endpoint.origin)' is not what its digest says",
                causes: [
                    "it should be \(wanted.digest), \(wanted.sizeBytes) bytes",
                    "it is \(computed), \(bytes.count) bytes",
                ])
        }
        return try ImageConfiguration(document: bytes, of: what)
    }

    /// The whole answer to a request, which is tried again if it breaks off.
    private func bytes(
        _ request: OutgoingRequest, _ what: String, limitBytes: Int = ImageManifest.limitBytes
    ) throws(SourceFailure) -> (response: IncomingResponse, bytes: [UInt8]) {
        var failures = 0
        while true {
            do throws(TransportFailure) {
                let response = try exchange.open(
                    request, at: endpoint, .pull(reference.repository), until: interruption)
                guard response.status == 200 else {
                    throw TransportFailure(
                        response.refusal(doing: "pull '\(name)'", object: name, registry: endpoint.registry),
                        isTransient: false)
                }
                do throws(TransportFailure) {
                    return (response, try response.collect(limitBytes: limitBytes, what: what))
                } catch {
                    failures += 1
                    guard error.isTransient, failures < exchange.patience.attempts, !endpoint.isMirror else {
                        throw error
                    }
                }
                try pause(afterFailures: failures)
            } catch {
                throw SourceFailure(error)
            }
        }
    }

    private func pause(afterFailures failures: Int) throws(TransportFailure) {
        do throws(StorageError) {
            try Pause.milliseconds(exchange.patience.pauseMilliseconds(afterFailures: failures), until: interruption)
        } catch {
            throw TransportFailure(error, isTransient: false)
        }
    }
}

extension FetchedDocument {
    fileprivate var isIndex: Bool { MediaType.isIndex(mediaType) }
}
