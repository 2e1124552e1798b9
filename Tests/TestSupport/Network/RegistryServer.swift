internal import Glibc

/// A real registry on loopback (Debian's `docker-registry`) with a storage of its own, ended with the value.
package final class RegistryServer: Sendable {
    private let directory: TemporaryDirectory
    private let process: ChildProcess
    package let port: Int

    /// The programs that it and its other client need.
    package static let isPossible = Tool.exists("docker-registry") && Tool.exists("skopeo")

    /// The only user of a protected registry.
    package static let user = "sailor"
    package static let password = "open:sesame"
    private static let passwordLine = "sailor:$2y$04$LVm.diDAONxX7i.8OsYSAePlWYYnxe4hEWQkdbP0SrG4Zkl.aqJ6e\n"

    /// Starts the server and waits until it answers.
    ///
    /// - Parameter isProtected: whether it wants user and password.
    package init(isProtected: Bool = false) throws {
        directory = try TemporaryDirectory("registry")
        (process, port) = try Self.start(directory, isProtected)
    }

    deinit {
        process.send(SIGTERM)
        // The server is gone either way: wait kills it after the limit.
        _ = try? process.wait(limitSeconds: 10)
    }

    package var host: String { "127.0.0.1:\(port)" }

    /// Where it keeps its blobs, for tests that damage them.
    package func blobPath(hex: String) -> String {
        directory("data/docker/registry/v2/blobs/sha256/\(hex.prefix(2))/\(hex)/data")
    }

    /// Runs skopeo against it, without TLS.
    @discardableResult package func copy(_ source: String, to target: String, _ options: String...) throws
        -> ProcessResult
    {
        try Tool.run(
            [
                "skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--quiet",
                "--preserve-digests",
            ]
                + options
                + [source, target]
        ).check()
    }

    private static func start(_ directory: TemporaryDirectory, _ isProtected: Bool) throws -> (ChildProcess, Int) {
        let files = try TreeBuilder(directory.path)
        try files.file("users", passwordLine)
        for _ in 0..<20 {
            let port = try LoopbackSocket.freePort()
            try files.file("config.yml", configuration(directory, port, isProtected))
            let process = try ChildProcess(
                ["docker-registry", "serve", directory("config.yml")].map { Array($0.utf8) })
            for _ in 0..<400 {
                if process.errorTextSoFar.contains("address already in use") { break }
                if process.errorTextSoFar.contains("listening on"), let socket = LoopbackSocket.connect(port: port) {
                    close(socket)
                    return (process, port)
                }
                usleep(25_000)
            }
            process.send(SIGTERM)
            let result = try process.wait(limitSeconds: 10)
            guard result.errorText.contains("address already in use") else {
                throw UnexpectedStatus(description: "docker-registry: \(result)")
            }
        }
        throw UnexpectedStatus(description: "docker-registry found no free port")
    }

    private static func configuration(_ directory: TemporaryDirectory, _ port: Int, _ isProtected: Bool) -> String {
        var text = """
            version: 0.1
            log: { level: info, accesslog: { disabled: true } }
            storage:
              filesystem: { rootdirectory: "\(directory("data"))" }
              delete: { enabled: true }
            http: { addr: "127.0.0.1:\(port)", secret: "not a secret" }

            """
        if isProtected { text += "auth: { htpasswd: { realm: harbour, path: \"\(directory("users"))\" } }\n" }
        return text
    }
}
