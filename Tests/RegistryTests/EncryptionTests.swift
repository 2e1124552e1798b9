import Registry
import StorageModel
import TestSupport
import Testing

/// Goal: TLS is spoken where it must be, and nobody without a trusted certificate is believed. Method: a TLS server by openssl with
/// a certificate of its own, and a registry that speaks none.
@Suite("Encryption", .enabled(if: Tool.exists("openssl"), "needs openssl"))
struct EncryptionTests {
    private func resolve(_ host: String) throws -> StorageError? {
        let configuration = RegistryConfiguration(entries: [host: RegistryConfiguration.Entry(isInsecure: false)])
        return try withClient(configuration) { client in
            let reference = try ImageReference("\(host)/app:1")
            return storageError {
                _ = try client.resolve(reference, platform: .current, checkpoint: Checkpoint())
            }
        }
    }

    @Test("a certificate that nobody vouches for is not believed")
    func untrusted() throws {
        let directory = try TemporaryDirectory("tls")
        try Tool.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2",
            "-keyout",
            directory("key"), "-out", directory("certificate")
        ).check()
        let server = try TLSServer(directory)
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
}
