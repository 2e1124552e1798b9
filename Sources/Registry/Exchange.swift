internal import NIOHTTP1
internal import StorageModel

/// A request to a registry until there is an answer to work with: authorised, redirected, tried again.
///
/// The header that authorises goes to the endpoint's own origin only: neither a redirect to another host nor an
/// upload's location there carries it.
final class Exchange: Sendable {
    private let transport: Transport
    private let authorizer: Authorizer
    let patience: RegistryPatience

    private static let redirectLimit = 8

    init(_ transport: Transport, _ authorizer: Authorizer, _ patience: RegistryPatience) {
        self.transport = transport
        self.authorizer = authorizer
        self.patience = patience
    }

    /// - Parameter attempts: how often it is tried while the server is unreachable or overloaded; its last answer is
    ///   returned.
    /// - Returns: any answer but a redirect, and but a refusal that could be answered.
    func open(
        _ request: OutgoingRequest, at endpoint: Endpoint, _ target: Target, attempts: Int? = nil,
        until interruption: Interruption
    ) throws(TransportFailure) -> IncomingResponse {
        let attempts = endpoint.isMirror ? 1 : attempts ?? patience.attempts
        var failures = 0
        while true {
            if interruption.isRequested { throw TransportFailure(.interrupted, isTransient: false) }
            var pause: Int64?
            do throws(TransportFailure) {
                let response = try authorized(request, endpoint, target, interruption)
                guard Self.isOverloaded(response.status), failures + 1 < attempts else { return response }
                if let seconds = response["Retry-After"].flatMap({ Int64($0) }), seconds >= 0 {
                    guard seconds <= patience.longestPauseMilliseconds / 1000 else { return response }
                    pause = seconds * 1000
                }
            } catch {
                guard error.isTransient, failures + 1 < attempts else { throw error }
            }
            failures += 1
            do throws(StorageError) {
                try Pause.milliseconds(
                    max(pause ?? 0, patience.pauseMilliseconds(afterFailures: failures)), until: interruption)
            } catch {
                throw TransportFailure(error, isTransient: false)
            }
        }
    }

    private static func isOverloaded(_ status: Int) -> Bool { [429, 500, 502, 503, 504].contains(status) }

    // MARK: Access

    private func authorized(
        _ request: OutgoingRequest, _ endpoint: Endpoint, _ target: Target, _ interruption: Interruption
    ) throws(TransportFailure) -> IncomingResponse {
        let known = authorizer.header(for: endpoint, target)
        let response = try redirected(request, endpoint, known, interruption)
        guard response.status == 401, response.address.origin == endpoint.origin else { return response }
        let challenges = Challenge.parse(response.head.headers["WWW-Authenticate"])
        let header: String
        do throws(StorageError) {
            header = try authorizer.renew(for: endpoint, target, challenges, until: interruption)
        } catch {
            throw TransportFailure(error, isTransient: false)
        }
        return try redirected(request, endpoint, header, interruption)
    }

    // MARK: Redirects

    private func redirected(
        _ request: OutgoingRequest, _ endpoint: Endpoint, _ header: String?, _ interruption: Interruption
    ) throws(TransportFailure) -> IncomingResponse {
        var request = request
        for _ in 0...Self.redirectLimit {
            var sent = request
            if let header, request.address.origin == endpoint.origin {
                sent.headers.append((name: "Authorization", value: header))
            }
            let response = try transport.open(sent, until: interruption)
            guard [301, 302, 303, 307, 308].contains(response.status), let location = response["Location"] else {
                return response
            }
            request.address = try Self.follow(location, from: request.address, response, endpoint)
            if response.status == 303 {
                request.method = .GET
                request.body = .none
            }
        }
        throw Self.refused(endpoint, "it sends from one place to the next without end")
    }

    private static func follow(
        _ location: String, from address: WebAddress, _ response: IncomingResponse, _ endpoint: Endpoint
    ) throws(TransportFailure) -> WebAddress {
        guard let next = address.resolving(location) else {
            throw refused(endpoint, "it sends to a place that is no URL")
        }
        guard next.origin.isEncrypted || !address.origin.isEncrypted else {
            throw refused(endpoint, "it sends from an encrypted connection to '\(next.origin)', which is not")
        }
        return next
    }

    private static func refused(_ endpoint: Endpoint, _ reason: String) -> TransportFailure {
        TransportFailure(
            StorageError(
                .system, object: endpoint.registry, "'\(endpoint.origin)' cannot be followed: \(reason)"),
            isTransient: false)
    }
}
