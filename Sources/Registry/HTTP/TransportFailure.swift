internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix
internal import StorageModel

/// A request that got no answer, or an answer that broke off.
struct TransportFailure: Error {
    let error: StorageError
    /// Whether the same request may succeed a little later.
    let isTransient: Bool

    init(_ error: StorageError, isTransient: Bool) {
        self.error = error
        self.isTransient = isTransient
    }

    /// What a thrown error means; the texts name the host, never a header or a query.
    init(_ error: any Error, from origin: WebAddress.Origin) {
        switch error {
        case let error as StorageError: self.init(error, isTransient: false)
        case let error as TransportFailure: self = error
        case let error as HTTPClientError where Self.isTimeout(error):
            self.init(
                StorageError(
                    .system, object: origin.description, "'\(origin)' does not answer in time",
                    errno: nil, hint: "try again later, or check the network and the proxy", causes: ["\(error)"]),
                isTransient: true)
        case let error as HTTPClientError where error == .proxyAuthenticationRequired:
            self.init(
                StorageError(
                    .permissionDenied, object: origin.description, "the proxy on the way to '\(origin)' denies access",
                    hint: "put user and password into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT"),
                isTransient: false)
        default: self.init(Self.unreachable(error, origin), isTransient: Self.isTransient(error))
        }
    }

    private static func unreachable(_ error: any Error, _ origin: WebAddress.Origin) -> StorageError {
        let errno = Self.errno(error)
        let reason =
            errno.map { "\($0) (\($0.name))" }
            ?? (isUnknownName(error) ? "no address is known for this name" : "the connection failed")
        let hint =
            "\(error)".contains("WRONG_VERSION_NUMBER") || "\(error)".contains("wrongVersionNumber")
            ? "it does not speak TLS there; allow plain HTTP for it in registries.json (\"insecure\": true)"
            : "check the name of the registry and the network"
        return StorageError(
            .system, object: origin.description, "cannot talk to '\(origin)': \(reason)", errno: errno, hint: hint,
            causes: [String(describing: error).printable(limit: 300)])
    }

    private static func isUnknownName(_ error: any Error) -> Bool {
        guard let error = error as? NIOConnectionError else { return false }
        return error.connectionErrors.isEmpty && (error.dnsAError != nil || error.dnsAAAAError != nil)
    }

    private static func isTimeout(_ error: HTTPClientError) -> Bool {
        [
            .readTimeout, .writeTimeout, .connectTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout,
        ].contains(error)
    }

    /// A certificate that is not trusted, or a URL that is none, will not be better next time.
    private static func isTransient(_ error: any Error) -> Bool {
        if let error = error as? HTTPClientError { return error != .invalidURL && error != .emptyHost }
        let text = "\(type(of: error)) \(error)"
        return !text.contains("SSL") && !text.contains("CERTIFICATE")
    }

    private static func errno(_ error: any Error) -> Errno? {
        switch error {
        case let error as IOError: Errno(rawValue: error.errnoCode)
        case let error as NIOConnectionError: error.connectionErrors.lazy.compactMap { Self.errno($0.error) }.first
        default: nil
        }
    }
}
