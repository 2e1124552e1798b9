internal import FileTree
internal import StorageModel

/// A client of registries (OCI distribution specification 1.1): resolves and downloads images, uploads blobs and
/// manifests.
///
/// For ordinary threads, any number at once; nothing of it is asynchronous outside of this room. Use it in this order:
/// for a pull ``resolve(_:platform:checkpoint:)``, then ``download(_:of:into:keeping:checkpoint:)`` for each layer that
/// is missing; for a push ``push(_:from:to:mountingFrom:checkpoint:)`` for each blob, and
/// ``putManifest(_:mediaType:as:checkpoint:)`` last. Call ``close()`` in the end.
///
/// Everything that comes is bounded and checked against its digest before anybody sees it.
package final class RegistryClient: Sendable {
    let configuration: RegistryConfiguration
    let exchange: Exchange
    private let transport: Transport
    /// Mirrors that could not be reached: not asked again, so that a pull of many layers waits for them once.
    private let downMirrors = Monitor<Set<WebAddress.Origin>>([])

    /// Makes its threads; connections follow when they are needed.
    package init(
        configuration: RegistryConfiguration = RegistryConfiguration(),
        credentials: RegistryCredentials = RegistryCredentials(paths: []),
        proxy: RegistryProxy? = nil,
        patience: RegistryPatience = RegistryPatience()
    ) {
        self.configuration = configuration
        transport = Transport(patience, proxy: proxy)
        exchange = Exchange(transport, Authorizer(credentials, transport, patience), patience)
    }

    /// Ends its connections and threads. Not while a call is under way, and no call after it.
    package func close() { transport.close() }

    /// Asks the mirrors and then the registry itself; the first that `body` is content with counts.
    ///
    /// What fails on this machine or by the user's will, and what every server would answer, ends it at once.
    func firstEndpoint<Result>(
        for registry: String, _ checkpoint: Checkpoint, _ body: (Endpoint) throws(SourceFailure) -> Result
    ) throws(StorageError) -> Result {
        let down = downMirrors.update { $0 }
        for endpoint in try configuration.pullEndpoints(for: registry)
        where !endpoint.isMirror || !down.contains(endpoint.origin) {
            do throws(SourceFailure) {
                return try body(endpoint)
            } catch {
                guard endpoint.isMirror, !error.isFinal, error.error.code != .interrupted else { throw error.error }
                if error.isUnreachable { downMirrors.update { _ = $0.insert(endpoint.origin) } }
                checkpoint.progress.warn("mirror '\(endpoint.origin)' is passed over: \(error.error.message)")
            }
        }
        // Not reached: the registry itself comes last.
        throw StorageError(.notFound, object: registry, "no server is known for '\(registry)'")
    }
}

/// Why one source does not give what is wanted.
struct SourceFailure: Error {
    let error: StorageError
    /// Whether asking elsewhere is of no use.
    let isFinal: Bool
    /// Whether the source gave no answer at all.
    let isUnreachable: Bool

    init(_ error: StorageError, isFinal: Bool = false, isUnreachable: Bool = false) {
        self.error = error
        self.isFinal = isFinal
        self.isUnreachable = isUnreachable
    }

    init(_ failure: TransportFailure, isFinal: Bool = false) {
        self.init(failure.error, isFinal: isFinal, isUnreachable: failure.isTransient)
    }
}
