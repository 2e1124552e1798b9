import Foundation
import Registry
import StorageModel
import TestSupport
import Testing

/// Goal: whoever may pull pulls, and no secret goes to anybody but whom it belongs to. Method: scripted registries,
/// token servers and blob stores that remember every header.
@Suite("Access")
struct AccessTests {
    private static let secret = "s3cret-of-the-user"
    private let amd64 = Platform(os: "linux", architecture: "amd64")

    private func pull(_ reference: ImageReference, _ image: TestImage, with client: RegistryClient) throws {
        let checkpoint = Checkpoint()
        let found = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
        #expect(found.manifestDigest == image.manifestDigest)
        for layer in found.layers {
            let file = try TestFile()
            try client.download(layer, of: reference, into: file.shared, checkpoint: checkpoint)
            #expect(digest(try file.content()) == layer.digest)
        }
    }

    private func credentials(_ host: String, _ entry: String, in directory: TemporaryDirectory) throws
        -> RegistryCredentials
    {
        try TreeBuilder(directory.path).file("config.json", #"{"auths": {"\#(host)": {\#(entry)}}}"#)
        return RegistryCredentials(paths: [directory("config.json")])
    }

    private static let password = #""username": "anna", "password": "\#(secret)""#
    private static let basic = "Basic " + Data("anna:\(secret)".utf8).base64EncodedString()

    /// A registry that takes one token only, and gives out that token itself.
    private func tokenRegistry(
        _ image: TestImage, expiresIn: Int = 300, _ grants: @escaping @Sendable (ScriptedServer.Request) -> Bool
    ) throws -> ScriptedRegistry {
        try ScriptedRegistry(image) { request, _ in
            if request.path == "/token" {
                guard grants(request) else { return ScriptedServer.Reply(401) }
                return ScriptedServer.Reply(
                    200, text: #"{"token": "T0k", "access_token": "T0k", "expires_in": \#(expiresIn)}"#)
            }
            if request.headers["authorization"] == "Bearer T0k" { return nil }
            let realm = "http://\(request.headers["host"] ?? "")/token"
            let challenge = "Bearer realm=\"\(realm)\",service=\"the, registry\",scope=\"repository:app:pull\""
            return ScriptedServer.Reply(401, headers: [("WWW-Authenticate", challenge)])
        }
    }

    @Test("without credentials a token that anybody gets is fetched, once")
    func anonymous() throws {
        let image = try TestImage(seed: 30)
        let registry = try tokenRegistry(image) { $0.headers["authorization"] == nil }
        try withClient { try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0) }
        let tokens = registry.requests("/token")
        #expect(tokens.map(\.method) == ["GET"])
        // Six requests: an answer that nobody reads to its end costs a second connection at most.
        #expect(registry.server.connections <= 2)
        #expect(tokens.first?.query == "service=the%2C%20registry&scope=repository%3Aapp%3Apull")
    }

    @Test("with a password the token is fetched by it")
    func password() throws {
        let image = try TestImage(seed: 31)
        let directory = try TemporaryDirectory("login")
        let registry = try tokenRegistry(image) { $0.headers["authorization"] == Self.basic }
        try withClient(credentials: try credentials(registry.host, Self.password, in: directory)) {
            try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0)
        }
        #expect(registry.requests("/token").count == 1)
        for request in registry.requests("/v2/") { #expect(request.headers["authorization"] != Self.basic) }
    }

    @Test("an identity token is exchanged by POST")
    func identityToken() throws {
        let image = try TestImage(seed: 32)
        let directory = try TemporaryDirectory("login")
        let registry = try tokenRegistry(image) { request in
            let fields = String(decoding: request.body, as: UTF8.self).split(separator: "&")
            return request.method == "POST" && fields.contains("grant_type=refresh_token")
                && fields.contains("refresh_token=\(Self.secret)") && fields.contains("scope=repository%3Aapp%3Apull")
        }
        let entry = #""auth": "MDAwMDA6", "identitytoken": "\#(Self.secret)""#
        try withClient(credentials: try credentials(registry.host, entry, in: directory)) {
            try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0)
        }
    }

    @Test("a token that has expired is fetched anew")
    func expired() throws {
        let image = try TestImage(seed: 33)
        let registry = try tokenRegistry(image, expiresIn: 0) { _ in true }
        try withClient { try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0) }
        #expect(registry.requests("/token").count > 1)
    }

    @Test("a refusal is told with what to do, without the secret, and is not argued with")
    func denied() throws {
        let image = try TestImage(seed: 34)
        let directory = try TemporaryDirectory("login")
        let registry = try tokenRegistry(image) { _ in false }
        let all = [RegistryCredentials(paths: []), try credentials(registry.host, Self.password, in: directory)]
        for credentials in all {
            let error = try withClient(credentials: credentials) { client in
                let reference = try ImageReference("\(registry.host)/app:1")
                return storageError {
                    _ = try client.resolve(reference, platform: amd64, checkpoint: Checkpoint())
                }
            }
            #expect(error?.code == .permissionDenied)
            #expect(error?.hint == "log in: docker login \(registry.host)")
            #expect(error.map { "\($0)".contains(Self.secret) } == false)
        }
        #expect(registry.requests("/token").count == 2)
    }

    // MARK: Redirects and mirrors

    @Test("a redirect to another host is followed without credentials")
    func redirected() throws {
        let image = try TestImage(seed: 35)
        let directory = try TemporaryDirectory("login")
        let store = try ScriptedRegistry(image)
        let registry = try ScriptedRegistry(image) { request, _ in
            guard request.headers["authorization"] == Self.basic else {
                return ScriptedServer.Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"harbour\"")])
            }
            guard request.path.contains("/blobs/") else { return nil }
            return ScriptedServer.Reply(
                307, headers: [("Location", "http://\(store.host)\(request.path)?signature=abc")])
        }
        try withClient(credentials: try credentials(registry.host, Self.password, in: directory)) {
            try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0)
        }
        #expect(store.server.requests.count == 3)
        for request in store.server.requests {
            #expect(request.headers["authorization"] == nil)
            #expect(request.query == "signature=abc")
        }
    }

    @Test("a place on the same host that is redirected to still gets the credentials")
    func redirectedAtHome() throws {
        let image = try TestImage(seed: 36)
        let directory = try TemporaryDirectory("login")
        let registry = try ScriptedRegistry(image) { request, _ in
            guard request.headers["authorization"] == Self.basic else {
                return ScriptedServer.Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"harbour\"")])
            }
            guard request.path.contains("/blobs/"), request.query.isEmpty else { return nil }
            return ScriptedServer.Reply(302, headers: [("Location", "\(request.path)?again=1")])
        }
        try withClient(credentials: try credentials(registry.host, Self.password, in: directory)) {
            try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0)
        }
    }

    @Test("a mirror is asked first and without credentials, even if it wants them")
    func mirror() throws {
        let image = try TestImage(seed: 37)
        let directory = try TemporaryDirectory("login")
        let mirror = try ScriptedRegistry(image) { _, ordinal in
            ordinal % 2 == 0
                ? ScriptedServer.Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"give me\"")]) : nil
        }
        let registry = try ScriptedRegistry(image) { request, _ in
            request.headers["authorization"] == Self.basic
                ? nil : ScriptedServer.Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"harbour\"")])
        }
        let configuration = RegistryConfiguration(entries: [
            registry.host: RegistryConfiguration.Entry(mirrors: [mirror.host])
        ])
        try withClient(configuration, credentials: try credentials(registry.host, Self.password, in: directory)) {
            try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0)
        }
        #expect(!mirror.server.requests.isEmpty)
        for request in mirror.server.requests { #expect(request.headers["authorization"] == nil) }
    }

    @Test("mirrors that are down or that lie are passed over with a warning")
    func badMirrors() throws {
        let image = try TestImage(seed: 38)
        let other = try TestImage(seed: 39)
        let gone = try ScriptedRegistry(image)
        let goneHost = gone.host
        _ = consume gone
        let liar = try ScriptedRegistry(image) { request, _ in
            if request.path.contains("/manifests/") {
                return ScriptedServer.Reply(
                    200, headers: [("Docker-Content-Digest", image.manifestDigest.description)], body: other.manifest)
            }
            return ScriptedServer.Reply(200, body: Array(repeating: 7, count: 20))
        }
        let registry = try ScriptedRegistry(image)
        let configuration = RegistryConfiguration(entries: [
            registry.host: RegistryConfiguration.Entry(mirrors: [goneHost, liar.host])
        ])
        let progress = RecordedProgress()
        let checkpoint = Checkpoint(progress: progress)
        try withClient(configuration) { client in
            let reference = try ImageReference("\(registry.host)/app:1")
            let found = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
            #expect(found.manifestDigest == image.manifestDigest)
            #expect(progress.warnings.count == 2)
            #expect(progress.warnings.first?.contains(goneHost) == true)
            #expect(progress.warnings.last?.contains(liar.host) == true)
            let file = try TestFile()
            try client.download(found.layers[0], of: reference, into: file.shared, checkpoint: checkpoint)
            #expect(digest(try file.content()) == found.layers[0].digest)
            let again = progress.warnings.dropFirst(2)
            #expect(again.count == 1 && again.allSatisfy { $0.contains(liar.host) }, "who is down is not asked again")
        }
        #expect(!liar.requests("/blobs/").isEmpty)
    }

    @Test("a good mirror saves the registry every request")
    func goodMirror() throws {
        let image = try TestImage(seed: 40)
        let mirror = try ScriptedRegistry(image)
        let registry = try ScriptedRegistry(image)
        let configuration = RegistryConfiguration(entries: [
            registry.host: RegistryConfiguration.Entry(mirrors: ["http://\(mirror.host)"])
        ])
        try withClient(configuration) { try pull(try ImageReference("\(registry.host)/app:1"), image, with: $0) }
        #expect(registry.server.requests.isEmpty)
    }
}
