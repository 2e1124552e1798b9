import StorageModel
import TestSupport
import Testing

@testable import Registry

/// Goal: who is asked, and how, is what the administrator said. Method: tables of files, names and headers.
@Suite("Configuration")
struct ConfigurationTests {
    @Test("a missing file says nothing")
    func missing() throws {
        let directory = try TemporaryDirectory("registries")
        #expect(try RegistryConfiguration.read(atHostPath: directory("none.json")).entries.isEmpty)
    }

    @Test("mirrors come first, in their order")
    func mirrors() throws {
        let directory = try TemporaryDirectory("registries")
        try TreeBuilder(directory.path).file(
            "r.json",
            #"{"registries": {"docker.io": {"mirrors": ["m.example:5000", "http://n.example"]}, "lab:1": {"insecure": true}}}"#
        )
        let configuration = try RegistryConfiguration.read(atHostPath: directory("r.json"))
        let hub = try configuration.pullEndpoints(for: "docker.io")
        #expect(
            hub.map { $0.address("x").url } == [
                "https://m.example:5000/v2/x", "http://n.example:80/v2/x", "https://registry-1.docker.io:443/v2/x",
            ])
        #expect(hub.map(\.isMirror) == [true, true, false])
        #expect(try configuration.endpoint(for: "docker.io") == hub[2])
        #expect(try configuration.endpoint(for: "lab:1").address("").url == "http://lab:1/v2/")
    }

    @Test(
        "plain HTTP is for this machine only",
        arguments: [
            ("localhost:5000", false), ("127.0.0.1:5000", false), ("127.9.8.7", false), ("[::1]:5000", false),
            ("LOCALHOST:1", false), ("127.0.0.1.example:5000", true), ("localhost.example", true),
            ("10.0.0.1:5000", true), ("[::2]:5000", true), ("r.example", true),
        ])
    func plain(host: String, isEncrypted: Bool) throws {
        #expect(try RegistryConfiguration().endpoint(for: host).origin.isEncrypted == isEncrypted)
        let asked = RegistryConfiguration(allowsPlainHTTP: true)
        #expect(try !asked.endpoint(for: host).origin.isEncrypted)
        let secured = RegistryConfiguration(entries: [host: .init(isInsecure: false)], allowsPlainHTTP: true)
        #expect(try secured.endpoint(for: host).origin.isEncrypted)
    }

    @Test(
        "a file of another form is refused",
        arguments: [
            "[]", #"{"registry": {}}"#, #"{"registries": []}"#, #"{"registries": {"a": {"mirror": []}}}"#,
            #"{"registries": {"a": {"mirrors": "b"}}}"#, #"{"registries": {"a": {"mirrors": ["http://b/path"]}}}"#,
            #"{"registries": {"a": {"mirrors": ["ftp://b"]}}}"#, #"{"registries": {"a": {"mirrors": [""]}}}"#,
            #"{"registries": {"a": {"insecure": "yes"}}}"#,
        ])
    func refused(text: String) throws {
        let directory = try TemporaryDirectory("registries")
        try TreeBuilder(directory.path).file("r.json", text)
        let error = storageError { _ = try RegistryConfiguration.read(atHostPath: directory("r.json")) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("r.json") == true)
    }

    @Test(
        "challenges are taken apart",
        arguments: [
            ("Basic realm=\"a\"", ["basic realm=a"]), ("Basic", ["basic "]), ("", []),
            (
                "Bearer realm=\"https://a/t\",service=\"s, t\",scope=\"repository:x:pull,push\"",
                ["bearer realm=https://a/t scope=repository:x:pull,push service=s, t"]
            ),
            (
                "bearer Realm = x , service=y, Basic realm=\"z \\\"q\\\"\"",
                ["bearer realm=x service=y", "basic realm=z \"q\""]
            ),
            ("Negotiate, Basic realm=\"a\"", ["negotiate ", "basic realm=a"]), ("Bearer realm=\"open", ["bearer "]),
            (",,= ,", []),
        ])
    func challenges(header: String, expected: [String]) {
        let found = Challenge.parse([header]).map { challenge in
            challenge.scheme + " "
                + challenge.parameters.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ")
        }
        #expect(found == expected)
    }

    @Test(
        "places are resolved as browsers do",
        arguments: [
            ("/v2/x?a=b", "https://r.example:443/v2/x?a=b"), ("y", "https://r.example:443/v2/app/y"),
            ("../z?q", "https://r.example:443/v2/z?q"), ("//other:1/p", "https://other:1/p"),
            ("http://o/p?s=%2F", "http://o:80/p?s=%2F"), ("HTTPS://O.Example", "https://o.example:443/"),
            ("https://[::1]:5/p", "https://[::1]:5/p"), ("ftp://o/p", nil), ("https://:5/", nil), ("mailto:a@b", nil),
        ])
    func locations(text: String, expected: String?) throws {
        let base = try #require(WebAddress("https://R.example/v2/app/blobs?old=1"))
        #expect(base.resolving(text)?.url == expected)
    }
}
