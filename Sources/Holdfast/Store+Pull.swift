internal import Archive
internal import Catalog
internal import FileTree
internal import Glibc
internal import Images
internal import Layers
internal import Registry
public import StorageModel

/// How registries are spoken to.
public struct RegistryOptions: Hashable, Sendable {
    /// Whether plain HTTP is allowed for registries that are not on this machine.
    public var allowsPlainHTTP: Bool

    public init(allowsPlainHTTP: Bool = false) { self.allowsPlainHTTP = allowsPlainHTTP }
}

extension Store {
    /// Pulls an image from its registry (OCI distribution specification), or from a mirror of it.
    ///
    /// Only layers that the store has not are downloaded, several at a time; every byte is verified. Mirrors and insecure
    /// registries are those of `registries.json` in the store's directory, else of `/etc/holdfast/registries.json`;
    /// credentials are those of `docker login` and `podman login`.
    ///
    /// - Parameter platform: which image of several; `nil` for this machine's.
    /// - Throws: ``StorageError/Code/notFound``, ``StorageError/Code/permissionDenied``, ``StorageError/Code/damaged``.
    public func pullImage(
        _ reference: ImageReference, platform: Platform? = nil, options: RegistryOptions = RegistryOptions(),
        isDurable: Bool = true, checkpoint: Checkpoint
    ) throws(StorageError) -> LoadedImage {
        let client = try registryClient(options)
        defer { client.close() }
        checkpoint.progress.begin("pulling \(reference)", totalEntries: nil, totalBytes: nil)
        let resolved = try client.resolve(reference, platform: platform ?? .current, checkpoint: checkpoint)
        guard resolved.layers.count == resolved.configuration.diffIDs.count else {
            throw StorageError(
                .damaged, object: reference.description,
                "'\(reference)' has \(resolved.layers.count) layers, its configuration lists \(resolved.configuration.diffIDs.count)",
                hint: "the image must be pushed again")
        }
        let area = try makeArea("pull '\(reference)'")
        let result = Result { () throws(StorageError) in
            let sources = try LayerDownloads(client, reference, resolved, layers, area, checkpoint).run()
            let loaded = try loading(isDurable: isDurable, checkpoint: checkpoint).load(
                resolved.configuration, sources: sources, names: try Self.names(reference, resolved.digest))
            try recordBlobs(of: resolved)
            return loaded
        }
        // What could not be removed is swept by the next open; the first failure is the one to tell.
        try? area.discard()
        return try result.get()
    }

    /// The name that was asked for, and the digest by which the registry will always know the image.
    private static func names(
        _ reference: ImageReference, _ digest: Digest
    ) throws(StorageError) -> [ImageReference] {
        let byDigest = try ImageReference("\(reference.name)@\(digest)")
        return reference.digest == nil ? [reference, byDigest] : [byDigest]
    }

    /// Remembers how the registry has the layers, so that a push need not compress them again.
    private func recordBlobs(of resolved: ResolvedImage) throws(StorageError) {
        let chain = ChainID.chain(resolved.configuration.diffIDs)
        try catalog.transaction { transaction throws(StorageError) in
            for (layer, blob) in zip(chain, resolved.layers) where try transaction.layer(layer) != nil {
                try transaction.insert(blob, ofLayer: layer)
            }
        }
    }

    func registryClient(_ options: RegistryOptions) throws(StorageError) -> RegistryClient {
        let own = "\(rootPath)/registries.json"
        let path = access(own, F_OK) == 0 ? own : "/etc/holdfast/registries.json"
        var configuration = try RegistryConfiguration.read(atHostPath: path)
        if options.allowsPlainHTTP { configuration.allowsPlainHTTP = true }
        var environment: [String: String] = [:]
        for name in ["REGISTRY_AUTH_FILE", "DOCKER_CONFIG", "HOME", "XDG_RUNTIME_DIR", "PATH"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return RegistryClient(
            configuration: configuration, credentials: RegistryCredentials(environment: environment))
    }
}

/// Brings the layers of an image that the store has not from the registry, several at a time.
private struct LayerDownloads {
    private let client: RegistryClient
    private let reference: ImageReference
    private let resolved: ResolvedImage
    private let layers: LayerStore
    private let area: StagingArea
    private let checkpoint: Checkpoint

    /// As many as Docker does by default.
    private static let threads = 3

    init(
        _ client: RegistryClient, _ reference: ImageReference, _ resolved: ResolvedImage, _ layers: LayerStore,
        _ area: StagingArea, _ checkpoint: Checkpoint
    ) {
        self.client = client
        self.reference = reference
        self.resolved = resolved
        self.layers = layers
        self.area = area
        self.checkpoint = checkpoint
    }

    /// - Returns: the layers' sources, the lowest first; those that the store has cannot be read, and need not be.
    func run() throws(StorageError) -> [LayerSource] {
        let chain = ChainID.chain(resolved.configuration.diffIDs)
        let known = try layers.catalog.read { transaction throws(StorageError) in try transaction.layerNames() }
        var sources: [LayerSource] = []
        var missing: [(ContentDescriptor, SharedDescriptor)] = []
        for (index, blob) in resolved.layers.enumerated() {
            let diffID = resolved.configuration.diffIDs[index]
            let name = "layer \(blob.digest.short) of '\(reference)'"
            if known.contains(chain[index].hex), try layers.isWhole(chain[index]) {
                sources.append(LayerSource(.stream(name: name, open: Self.gone(name)), diffID: diffID))
                continue
            }
            let file = try makeFile(index)
            missing.append((blob, file))
            let stored = StoredBlob(file: file, range: 0..<blob.sizeBytes, name: name)
            // The client has compared the blob with its digest already.
            sources.append(LayerSource(.blob(stored), diffID: diffID))
        }
        try download(missing)
        return sources
    }

    private func makeFile(_ index: Int) throws(StorageError) -> SharedDescriptor {
        do throws(FileError) {
            return SharedDescriptor(try area.directory.createFile(Array("blob-\(index)".utf8)))
        } catch {
            throw StorageError(error, doing: "pull '\(reference)'", object: reference.description)
        }
    }

    private static func gone(
        _ name: String
    ) -> @Sendable () throws(StorageError) -> any FinishableFeed {
        { () throws(StorageError) in
            throw StorageError(
                .conflict, object: name, "\(name) was removed by another process meanwhile", hint: "try again")
        }
    }

    private func download(_ missing: [(ContentDescriptor, SharedDescriptor)]) throws(StorageError) {
        if missing.isEmpty { return }
        checkpoint.progress.begin(
            "pulling \(reference)", totalEntries: UInt64(missing.count),
            totalBytes: missing.reduce(0) { $0 + $1.0.sizeBytes })
        let group = JobGroup(threads: min(Self.threads, missing.count), depth: missing.count)
        defer { group.finish() }
        let (client, reference, checkpoint) = (client, reference, checkpoint)
        for (blob, file) in missing {
            try group.submit { () throws(StorageError) in
                try client.download(blob, of: reference, into: file, checkpoint: checkpoint)
            }
        }
        try group.drain()
    }
}
