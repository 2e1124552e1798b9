import Foundation
import StorageModel
import TestSupport
import Testing

@testable import Registry

/// Goal: the files of `docker login` and `podman login` are read as they are meant. Method: files and helpers of every
/// form.
@Suite("Credentials")
struct CredentialTests {
    private static func auth(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let file: String
        let image: String
        let expected: Credential?

        init(_ description: String, _ file: String, _ image: String, _ expected: Credential?) {
            testDescription = description
            self.file = file
            self.image = image
            self.expected = expected
        }
    }

    private static let anna = Credential.password(user: "anna", secret: "a:b=c")

    static let cases: [Case] = [
        Case(
            "user and password", #"{"auths": {"r.example": {"auth": "\#(auth("anna:a:b=c"))"}}}"#, "r.example/a", anna),
        Case(
            "padding by NULs, which Docker writes",
            #"{"auths": {"r.example": {"auth": "\#(auth("anna:a:b=c\0\0"))"}}}"#,
            "r.example/a", anna),
        Case(
            "in two members", #"{"auths": {"r.example:5000": {"username": "anna", "password": "a:b=c"}}}"#,
            "r.example:5000/a", anna),
        Case(
            "a URL as key", #"{"auths": {"https://r.example/v2/": {"auth": "\#(auth("anna:a:b=c"))"}}}"#, "r.example/a",
            anna),
        Case(
            "Docker Hub under its old name",
            #"{"auths": {"https://index.docker.io/v1/": {"auth": "\#(auth("anna:a:b=c"))"}}}"#, "alpine", anna),
        Case(
            "Docker Hub under its name", #"{"auths": {"docker.io": {"auth": "\#(auth("anna:a:b=c"))"}}}"#, "alpine",
            anna),
        Case(
            "the most exact of Podman's keys",
            #"{"auths": {"r.example": {"auth": "\#(auth("x:y"))"}, "r.example/team/app": {"auth": "\#(auth("anna:a:b=c"))"}, "r.example/team": {"auth": "\#(auth("z:y"))"}}}"#,
            "r.example/team/app:1", anna),
        Case(
            "an identity token", #"{"auths": {"r.example": {"auth": "\#(auth("0:"))", "identitytoken": "T"}}}"#,
            "r.example/a", .identityToken("T")),
        Case(
            "another port is another registry", #"{"auths": {"r.example": {"auth": "\#(auth("a:b"))"}}}"#,
            "r.example:1/a", nil),
        Case(
            "a name that only begins the same", #"{"auths": {"r.example/te": {"auth": "\#(auth("a:b"))"}}}"#,
            "r.example/team", nil),
        Case("an empty entry", #"{"auths": {"r.example": {}}}"#, "r.example/a", nil),
        Case("an empty file", "{}", "r.example/a", nil),
    ]

    private func find(
        _ credentials: RegistryCredentials, _ image: String, limit: Int64 = 5_000,
        _ interruption: Interruption = Interruption()
    ) throws
        -> Credential?
    {
        let reference = try ImageReference(image)
        return try credentials.credential(
            for: reference.registry, reference.repository, helperMilliseconds: limit, until: interruption)
    }

    @Test("are found", arguments: cases)
    func found(test: Case) throws {
        let directory = try TemporaryDirectory("auth")
        try TreeBuilder(directory.path).file("config.json", test.file)
        let credentials = RegistryCredentials(paths: [directory("missing.json"), directory("config.json")])
        #expect(try find(credentials, test.image) == test.expected)
    }

    @Test("the environment says where the files are")
    func environment() throws {
        let directory = try TemporaryDirectory("auth")
        let files = try TreeBuilder(directory.path)
        for name in ["docker", "home/.docker", "run/containers"] {
            try Tool.run("mkdir", "-p", directory(name)).check()
        }
        let places = [
            "docker/config.json": ["DOCKER_CONFIG": directory("docker"), "HOME": directory("home")],
            "home/.docker/config.json": ["HOME": directory("home")],
            "run/containers/auth.json": ["XDG_RUNTIME_DIR": directory("run"), "HOME": "/nowhere"],
            "chosen.json": ["REGISTRY_AUTH_FILE": directory("chosen.json"), "HOME": directory("home")],
        ]
        for path in places.keys {
            try files.file(path, #"{"auths": {"r.example": {"auth": "\#(Self.auth("\(path):pw"))"}}}"#)
        }
        for (path, environment) in places {
            let found = try find(RegistryCredentials(environment: environment), "r.example/a")
            #expect(found == .password(user: path, secret: "pw"))
        }
    }

    @Test("nothing that is printed shows a secret")
    func secrecy() throws {
        let directory = try TemporaryDirectory("auth")
        let files = try TreeBuilder(directory.path)
        for text in [
            #"{"auths": {"r.example": {"auth": "hunter2hunter2"#, #"{"auths": {"r.example": {"auth": "!hunter2"}}}"#,
        ] {
            try files.file("config.json", text)
            let error = storageError {
                _ = try find(RegistryCredentials(paths: [directory("config.json")]), "r.example/a")
            }
            #expect(error?.code == .damaged)
            #expect(error.map { "\($0)".contains("hunter2") } == false)
        }
        for credential in [Credential.password(user: "u", secret: "hunter2"), .identityToken("hunter2")] {
            #expect(!"\(credential) \(String(reflecting: credential))".contains("hunter2"))
        }
    }

    // MARK: Helpers

    private func helper(_ script: String, key: String = "credsStore") throws -> (
        TemporaryDirectory, RegistryCredentials
    ) {
        let directory = try TemporaryDirectory("helper")
        let files = try TreeBuilder(directory.path)
        let value = key == "credsStore" ? "\"fake\"" : #"{"r.example": "fake"}"#
        try files.file(
            "config.json",
            #"{"\#(key)": \#(value), "auths": {"r.example": {}, "in.file": {"auth": "\#(Self.auth("f:p"))"}}}"#)
        try files.file("docker-credential-fake", "#!/bin/sh\n\(script)\n", mode: 0o755)
        return (directory, RegistryCredentials(paths: [directory("config.json")], helperDirectories: [directory.path]))
    }

    @Test("a helper is asked for the registry by name", arguments: ["credsStore", "credHelpers"])
    func helperAnswers(key: String) throws {
        let (directory, credentials) = try helper(
            #"test "$1" = get; printf '{"ServerURL": "x", "Username": "of %s", "Secret": "pw"}' "$(cat)""#, key: key)
        #expect(try find(credentials, "r.example/a") == .password(user: "of r.example", secret: "pw"))
        if key == "credsStore" {
            let hub = try find(credentials, "alpine")
            #expect(hub == .password(user: "of https://index.docker.io/v1/", secret: "pw"))
        } else {
            #expect(try find(credentials, "in.file/a") == .password(user: "f", secret: "p"))
        }
        _ = directory
    }

    @Test("a helper's token is an identity token")
    func helperToken() throws {
        let (directory, credentials) = try helper(#"echo '{"Username": "<token>", "Secret": "T"}'"#)
        #expect(try find(credentials, "r.example/a") == .identityToken("T"))
        _ = directory
    }

    @Test("a helper that knows nothing leaves it to the file")
    func helperUnknown() throws {
        let (directory, credentials) = try helper("echo 'credentials not found in native keychain'; exit 1")
        #expect(try find(credentials, "r.example/a") == nil)
        #expect(try find(credentials, "in.file/a") == .password(user: "f", secret: "p"))
        _ = directory
    }

    @Test(
        "a helper that fails is named, and what it printed is not",
        arguments: [
            "echo hunter2; exit 3", "echo hunter2", "echo '{\"Username\": \"hunter2\"}'", "yes hunter2", "kill -9 $$",
        ])
    func helperFails(script: String) throws {
        let (directory, credentials) = try helper(script)
        let error = storageError { _ = try find(credentials, "r.example/a") }
        #expect(error?.code == .system)
        #expect(error?.message.contains("docker-credential-fake") == true)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
        _ = directory
    }

    @Test("a helper that hangs is ended with what it started")
    func helperHangs() throws {
        let (directory, credentials) = try helper("sleep 31.7 & echo $! > \"$(dirname \"$0\")/child\"; wait")
        let error = storageError { _ = try find(credentials, "r.example/a", limit: 3_000) }
        #expect(error?.code == .system)
        let child = try Tool.run("cat", directory("child")).check().text.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(!child.isEmpty)
        // Killed, and collected or about to be by whoever inherits it.
        let state = try Tool.script("sleep 0.2; ps -o stat= -p \"$1\" || true", child).text
        #expect(state.isEmpty || state.hasPrefix("Z"), "\(state)")
        let clock = ContinuousClock.now
        let interrupted = storageError {
            _ = try find(credentials, "r.example/a", limit: 20_000, interruption(afterMilliseconds: 200))
        }
        #expect(interrupted?.code == .interrupted)
        #expect(ContinuousClock.now - clock < .seconds(5))
    }

    @Test("a helper that is not installed is named")
    func helperMissing() throws {
        let directory = try TemporaryDirectory("helper")
        try TreeBuilder(directory.path).file("config.json", #"{"credsStore": "nowhere"}"#)
        let credentials = RegistryCredentials(paths: [directory("config.json")], helperDirectories: [directory.path])
        let error = storageError { _ = try find(credentials, "r.example/a") }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("docker-credential-nowhere") == true)
    }
}
