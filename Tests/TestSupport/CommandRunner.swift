internal import Glibc

/// Runs the `holdfast` binary that was built beside the tests.
package struct CommandRunner: Sendable {
    /// The store that every command gets through `HOLDFAST_ROOT`.
    package let root: String
    package var environment: [String: String] = [:]
    package var limitSeconds = 120

    package init(root: String) { self.root = root }

    /// The binary: `HOLDFAST_BINARY`, else the one in the folder of the running test bundle.
    package static let binary: String = {
        if let chosen = Environment["HOLDFAST_BINARY"] { return chosen }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let executable = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let candidates = [executable] + CommandLine.arguments
        for candidate in candidates {
            guard let slash = candidate.lastIndex(of: "/") else { continue }
            let path = candidate[..<slash] + "/holdfast"
            if access(String(path), X_OK) == 0 { return String(path) }
        }
        return "holdfast"
    }()

    /// Runs a command to its end.
    @discardableResult package func callAsFunction(
        _ arguments: String..., input: ChildInput = .nothing, environment: [String: String] = [:]
    ) throws -> ProcessResult {
        try run(arguments, input: input, environment: environment)
    }

    /// Runs a command line that is already in an array.
    @discardableResult package func run(
        _ arguments: [String], input: ChildInput = .nothing, environment: [String: String] = [:],
        in directory: String? = nil
    ) throws -> ProcessResult {
        try start(arguments.map { Array($0.utf8) }, input: input, environment: environment, in: directory)
            .wait(limitSeconds: limitSeconds)
    }

    /// Starts a command and lets it run. Arguments are bytes, as on a real command line.
    package func start(
        _ arguments: [[UInt8]], input: ChildInput = .nothing, environment: [String: String] = [:],
        in directory: String? = nil
    ) throws -> ChildProcess {
        let variables = ["HOLDFAST_ROOT": root].merging(self.environment) { $1 }.merging(environment) { $1 }
        return try ChildProcess(
            [Array(Self.binary.utf8)] + arguments, environment: variables, input: input, workingDirectory: directory)
    }
}
