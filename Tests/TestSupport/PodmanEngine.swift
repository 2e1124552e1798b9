/// Podman with a store of its own, removed with the value. Needs root.
package final class PodmanEngine: Sendable {
    private let directory: TemporaryDirectory

    package static let isPossible = Environment.isRoot && Tool.exists("podman")

    package init() throws { directory = try TemporaryDirectory("podman") }

    /// Where it keeps images, containers and volumes.
    package var dataRoot: String { directory("root") }

    /// Runs a command.
    @discardableResult
    package func callAsFunction(_ arguments: String..., input: ChildInput = .nothing) throws -> ProcessResult {
        try run(arguments, input: input)
    }

    /// Runs a command that is already in an array.
    @discardableResult
    package func run(_ arguments: [String], input: ChildInput = .nothing) throws -> ProcessResult {
        try Tool.run(command + arguments, input: input)
    }

    private var command: [String] {
        [
            "podman", "--root", dataRoot, "--runroot", directory("run"), "--tmpdir", directory("tmp"),
            "--storage-driver", "overlay",
        ]
    }

    /// A program that is this podman, for `HOLDFAST_PODMAN`.
    package func makeProgram() throws -> String {
        let program = directory("podman")
        let words = command.map { "'\($0)'" }.joined(separator: " ")
        try Tool.script("printf '#!/bin/sh\nexec %s \"$@\"\n' \"$2\" > \"$1\"; chmod 755 \"$1\"", program, words)
            .check()
        return program
    }
}
