internal import Glibc

/// A real Docker engine with a data root and a socket of its own, ended with the value. Needs root.
package final class DockerEngine: Sendable {
    private let directory: TemporaryDirectory
    private let daemon: ChildProcess

    package static let isPossible = Environment.isRoot && Tool.exists("dockerd") && Tool.exists("docker")

    /// The engine of the suite that is running; see `withEngine(_:)`.
    @TaskLocal package static var current: DockerEngine?

    /// Starts the engine and waits until it answers. It has no network: neither bridges nor rules are made.
    package init() throws {
        directory = try TemporaryDirectory("docker")
        daemon = try ChildProcess(
            [
                "dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", directory("data"),
                "--exec-root", directory("exec"), "--pidfile", directory("pid"), "--host",
                "unix://" + directory("socket"),
            ].map { Array($0.utf8) })
        for _ in 0..<300 {
            if try self("version").status == 0 { return }
            usleep(100_000)
        }
        throw UnexpectedStatus(description: "dockerd does not answer: \(daemon.errorTextSoFar.suffix(2000))")
    }

    deinit {
        daemon.send(SIGTERM)
        // It is gone either way: wait kills it after the limit.
        _ = try? daemon.wait(limitSeconds: 20)
    }

    /// Starts an engine for what `body` does, as ``current``.
    package static func withEngine(_ body: () async throws -> Void) async throws {
        try await $current.withValue(try DockerEngine()) { try await body() }
    }

    /// The address of its socket, for `DOCKER_HOST`.
    package var host: String { "unix://" + directory("socket") }

    /// Where it keeps its data: `overlay2`, `volumes`, …
    package var dataRoot: String { directory("data") }

    /// Runs a command of the client.
    @discardableResult
    package func callAsFunction(_ arguments: String..., input: ChildInput = .nothing) throws -> ProcessResult {
        try run(arguments, input: input)
    }

    /// Runs a command that is already in an array.
    @discardableResult
    package func run(
        _ arguments: [String], input: ChildInput = .nothing, in workingDirectory: String? = nil
    ) throws -> ProcessResult {
        try Tool.run(
            ["docker"] + arguments, environment: ["DOCKER_HOST": host, "DOCKER_CONFIG": directory("client")],
            input: input, in: workingDirectory)
    }
}
