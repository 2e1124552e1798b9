internal import Archive
internal import FileTree
internal import NIOHTTP1
internal import StorageModel

/// Answers challenges: knows which header a server wants, and keeps it as long as it is valid.
///
/// What it keeps belongs to one origin. A mirror gets tokens that anybody gets, never one of the user's credentials.
final class Authorizer: Sendable {
    fileprivate struct Key: Hashable, Sendable {
        let origin: WebAddress.Origin
        let repository: String
        let scopes: Set<Scope>
    }

    private struct Grant: Sendable {
        let header: String
        let expiresAt: ContinuousClock.Instant?
    }

    private let credentials: RegistryCredentials
    private let transport: Transport
    private let patience: RegistryPatience
    private let grants = Monitor<[Key: Grant]>([:])

    /// A token server that says nothing means a minute (distribution specification, "expires_in").
    private static let defaultLifeSeconds: UInt64 = 60
    /// So much earlier than it expires a token is not used any more.
    private static let marginSeconds: UInt64 = 5
    private static let answerLimitBytes = 1 << 20

    init(_ credentials: RegistryCredentials, _ transport: Transport, _ patience: RegistryPatience) {
        self.credentials = credentials
        self.transport = transport
        self.patience = patience
    }

    /// The header for a request, if one is known.
    func header(for endpoint: Endpoint, _ target: Target) -> String? {
        grants.update { grants in
            guard let grant = grants[Key(endpoint, target)] else { return nil }
            if let expiresAt = grant.expiresAt, expiresAt < ContinuousClock.now { return nil }
            return grant.header
        }
    }

    /// Gets a new header after a refusal with these challenges.
    ///
    /// - Throws: ``StorageError/Code/permissionDenied`` if there is nothing that would answer them.
    func renew(
        for endpoint: Endpoint, _ target: Target, _ challenges: [Challenge], until interruption: Interruption
    ) throws(StorageError) -> String {
        let credential =
            endpoint.isMirror
            ? nil
            : try credentials.credential(
                for: endpoint.registry, target.repository, helperMilliseconds: patience.helperMilliseconds,
                until: interruption)
        let grant: Grant
        if let bearer = challenges.first(where: { $0.scheme == "bearer" }) {
            grant = try token(bearer, endpoint, target, credential, interruption)
        } else if challenges.contains(where: { $0.scheme == "basic" }),
            case .password(let user, let secret) = credential
        {
            grant = Grant(header: Self.basic(user, secret), expiresAt: nil)
        } else {
            throw Self.denied(endpoint, credential)
        }
        grants.update { $0[Key(endpoint, target)] = grant }
        return grant.header
    }

    /// Access was refused although everything known was tried.
    static func denied(_ endpoint: Endpoint, _ credential: Credential?) -> StorageError {
        let registry = endpoint.registry
        return StorageError(
            .permissionDenied, object: registry,
            credential == nil
                ? "'\(registry)' wants to know who asks"
                : "'\(registry)' does not accept the stored \(credential?.description ?? "")",
            hint: endpoint.isMirror ? "a mirror must serve without credentials" : "log in: docker login \(registry)")
    }

    // MARK: Tokens

    private func token(
        _ challenge: Challenge, _ endpoint: Endpoint, _ target: Target, _ credential: Credential?,
        _ interruption: Interruption
    ) throws(StorageError) -> Grant {
        guard let realm = challenge.parameters["realm"].flatMap({ WebAddress($0) }) else {
            throw StorageError(
                .system, object: endpoint.registry, "'\(endpoint.origin)' does not say where it gives out tokens")
        }
        // Why: a realm is told by the server. Over TLS it is the registry's word; without, only what is plain anyway is
        // lost.
        guard realm.origin.isEncrypted || !endpoint.origin.isEncrypted || realm.origin.isLoopback else {
            throw StorageError(
                .system, object: endpoint.registry,
                "'\(endpoint.origin)' gives out tokens at '\(realm.origin)' without encryption")
        }
        let asked = Set(target.scopes.map(\.description))
        let offered = (challenge.parameters["scope"] ?? "").split(separator: " ").map(String.init)
        let scopes = asked.sorted() + offered.filter { !asked.contains($0) && !Self.isCovered($0, by: asked) }
        let request = Self.request(realm, service: challenge.parameters["service"], scopes, credential)
        let (status, body) = try fetch(request, interruption)
        guard status == 200 else {
            if status == 401 || status == 403 || status == 400 && credential != nil {
                throw Self.denied(endpoint, credential)
            }
            throw StorageError(
                .system, object: endpoint.registry, "'\(realm.origin)' gives no token for '\(endpoint.registry)'",
                hint: "try again later", causes: ["it answered with status \(status)"])
        }
        // Not the parser's error: it could quote a token.
        guard let json = try? JSONValue(parsing: body, of: "the token"),
            let token = json["access_token"]?.text ?? json["token"]?.text, Self.isHeaderSafe(token)
        else {
            throw StorageError(
                .damaged, object: endpoint.registry, "what '\(realm.origin)' answers has no token in it")
        }
        let life = min(json["expires_in"]?.count ?? Self.defaultLifeSeconds, 86_400)
        let margin = min(Self.marginSeconds, life / 2)
        return Grant(
            header: "Bearer \(token)", expiresAt: ContinuousClock.now + .seconds(Int64(life) - Int64(margin)))
    }

    /// Whether a scope asks for no more than one of ours: `…:pull` is part of `…:pull,push`.
    private static func isCovered(_ scope: String, by asked: Set<String>) -> Bool {
        asked.contains { $0.hasPrefix(scope) && $0.dropFirst(scope.count).first == "," }
    }

    private static func request(
        _ realm: WebAddress, service: String?, _ scopes: [String], _ credential: Credential?
    ) -> OutgoingRequest {
        if case .identityToken(let secret) = credential {
            var fields = [
                ("grant_type", "refresh_token"), ("client_id", "holdfast"), ("refresh_token", secret),
                ("scope", scopes.joined(separator: " ")),
            ]
            if let service { fields.append(("service", service)) }
            let form = fields.map { "\($0.0)=\(WebAddress.escape($0.1))" }.joined(separator: "&")
            return OutgoingRequest(
                .POST, realm, headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: .bytes(Array(form.utf8)))
        }
        var address = realm
        if let service { address = address.adding(query: "service", service) }
        for scope in scopes { address = address.adding(query: "scope", scope) }
        guard case .password(let user, let secret) = credential else { return OutgoingRequest(.GET, address) }
        return OutgoingRequest(
            .GET, address.adding(query: "account", user), headers: [("Authorization", basic(user, secret))])
    }

    /// Redirects are not followed: a token server answers itself.
    private func fetch(
        _ request: OutgoingRequest, _ interruption: Interruption
    ) throws(StorageError) -> (status: Int, body: [UInt8]) {
        var failures = 0
        while true {
            do throws(TransportFailure) {
                let response = try transport.open(request, until: interruption)
                if response.status < 500 || failures + 1 >= patience.attempts {
                    return (response.status, try response.collect(limitBytes: Self.answerLimitBytes, what: "a token"))
                }
            } catch {
                guard error.isTransient, failures + 1 < patience.attempts else { throw error.error }
            }
            failures += 1
            try Pause.milliseconds(patience.pauseMilliseconds(afterFailures: failures), until: interruption)
        }
    }

    /// Base64 with its padding (RFC 7617).
    private static func basic(_ user: String, _ secret: String) -> String {
        let text = String(decoding: Base64.encode(Array("\(user):\(secret)".utf8)), as: UTF8.self)
        return "Basic " + text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }

    private static func isHeaderSafe(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}

/// What a request is about, for whoever decides on access.
struct Target: Hashable, Sendable {
    /// The repository whose credentials count.
    let repository: String
    let scopes: Set<Scope>

    static func pull(_ repository: String) -> Target { Target(repository: repository, scopes: [.pull(repository)]) }

    /// - Parameter source: a repository from which a blob is to be mounted.
    static func push(_ repository: String, mountingFrom source: String? = nil) -> Target {
        Target(repository: repository, scopes: Set([.push(repository)] + (source.map { [.pull($0)] } ?? [])))
    }
}

extension Authorizer.Key {
    fileprivate init(_ endpoint: Endpoint, _ target: Target) {
        self.init(origin: endpoint.origin, repository: target.repository, scopes: target.scopes)
    }
}
