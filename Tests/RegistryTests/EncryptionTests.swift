import StorageModel
import TestSupport
import Testing

@testable import Registry

/// Goal: TLS is spoken where it must be, and nobody without a trusted certificate is believed. Method: a TLS server by
/// openssl with a certificate of its own, and a registry that speaks none.
@Suite("Encryption", .enabled(if: Tool.exists("openssl"), "needs openssl"))
struct EncryptionTests {
    private func resolve(_ host: String, proxy: RegistryProxy? = nil) throws -> StorageError? {
        let configuration = RegistryConfiguration(entries: [host: RegistryConfiguration.Entry(isInsecure: false)])
        return try withClient(configuration, proxy: proxy) { client in
            let reference = try ImageReference("\(host)/app:1")
            return storageError {
                _ = try client.resolve(reference, platform: .current, checkpoint: Checkpoint())
            }
        }
    }

    private func makeServer(_ directory: TemporaryDirectory) throws -> TLSServer {
        try Tool.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
            "-keyout",
            directory("key"), "-out", directory("certificate")
        ).check()
        return try TLSServer(directory)
    }

    @Test("a certificate that nobody vouches for is not believed")
    func untrusted() throws {
        let directory = try TemporaryDirectory("tls")
        let server = try makeServer(directory)
        let clock = ContinuousClock.now
        let error = try resolve("localhost:\(server.port)")
        #expect(error?.code == .system)
        #expect(error?.message.contains("localhost:\(server.port)") == true)
        #expect(error?.causes.first?.contains("CERTIFICATE_VERIFY_FAILED") == true, "\(error.map { "\($0)" } ?? "")")
        #expect(ContinuousClock.now - clock < .seconds(3))
    }

    @Test(
        "a registry that speaks no TLS is named, with what to configure",
        .enabled(if: RegistryServer.isPossible, "needs docker-registry"))
    func plain() throws {
        let server = try RegistryServer()
        let error = try resolve(server.host)
        #expect(error?.code == .system)
        #expect(error?.hint?.contains("insecure") == true, "\(error.map { "\($0)" } ?? "")")
    }

    // MARK: Proxies

    @Test("an encrypted registry is reached through the proxy, and TLS is spoken with the registry itself")
    func proxied() throws {
        let directory = try TemporaryDirectory("tls")
        let server = try makeServer(directory)
        // "who:pass word", of which the environment has an escaped form.
        let proxy = try ConnectProxy(to: server.port, authorization: "Basic d2hvOnBhc3Mgd29yZA==")
        let settings = try RegistryProxy(environment: ["https_proxy": "http://who:pass%20word@\(proxy.host)"])
        let error = try resolve("registry.example", proxy: settings)
        #expect(error?.causes.first?.contains("CERTIFICATE_VERIFY_FAILED") == true, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.message.contains("registry.example") == true)
        #expect(proxy.requests.first?.hasPrefix("CONNECT registry.example:443 ") == true)
        let refused = try resolve(
            "registry.example", proxy: RegistryProxy(environment: ["HTTPS_PROXY": "a:hunter2@\(proxy.host)"]))
        #expect(refused?.code == .permissionDenied)
        #expect(refused.map { "\($0)".contains("hunter2") } == false)
    }

    @Test(
        "NO_PROXY is honoured",
        arguments: [
            ("https://r.example", "", true), ("https://r.example", "r.example", false),
            ("https://r.example", "other, .EXAMPLE", false), ("https://sub.r.example", "r.example", false),
            ("https://bar.example", "r.example", true), ("https://r.example:5000", "r.example:5000", false),
            ("https://r.example", "r.example:5000", true), ("https://10.1.2.3", "10.0.0.0/8", false),
            ("https://11.1.2.3", "10.0.0.0/8", true), ("https://r.example", "*", false),
            ("https://r.example", "*.example", false), ("http://r.example", "", false),
            ("https://localhost:1", "", false),
            ("https://127.0.0.9", "", false), ("https://r.example", "0.0.0.0/0", true),
            ("https://9.9.9.9", "0.0.0.0/0", false),
        ])
    func exceptions(url: String, list: String, applies: Bool) throws {
        let proxy = try #require(try RegistryProxy(environment: ["HTTPS_PROXY": "p:3128", "NO_PROXY": list]))
        #expect(proxy.applies(to: try #require(WebAddress(url)).origin) == applies)
    }

    @Test(
        "what is no HTTP proxy is refused without its text",
        arguments: ["socks5://u:hunter2@h:1", "http://", "https://h:1"])
    func badProxy(text: String) throws {
        let error = storageError { _ = try RegistryProxy(environment: ["HTTPS_PROXY": text]) }
        #expect(error?.code == .invalidInput)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
        #expect(try RegistryProxy(environment: ["HTTPS_PROXY": "", "HTTP_PROXY": "h:1"]) == nil)
    }
}
