/// Runs other programs: the independent oracles of the tests.
package enum Tool {
    /// Runs `name` to its end.
    package static func run(
        _ name: String, _ arguments: String..., environment: [String: String] = [:], input: ChildInput = .nothing,
        in directory: String? = nil
    ) throws -> ProcessResult {
        try run([name] + arguments, environment: environment, input: input, in: directory)
    }

    /// Runs a command line that is already in an array, the program first.
    package static func run(
        _ arguments: [String], environment: [String: String] = [:], input: ChildInput = .nothing,
        in directory: String? = nil, limitSeconds: Int = 300
    ) throws -> ProcessResult {
        try ChildProcess(
            arguments.map { Array($0.utf8) }, environment: environment, input: input, workingDirectory: directory
        ).wait(limitSeconds: limitSeconds)
    }

    /// Runs a script by `bash`, failing on the first failing command of it, in pipes too. `$1`… are the arguments.
    package static func script(
        _ text: String, _ arguments: String..., environment: [String: String] = [:], in directory: String? = nil
    ) throws -> ProcessResult {
        try run(
            ["bash", "-euo", "pipefail", "-c", text, "script"] + arguments, environment: environment, in: directory)
    }

    /// Whether a program is installed.
    package static func exists(_ name: String) -> Bool {
        // Not being able to ask means the same as not being there.
        (try? run("sh", "-c", "command -v \(name)").status) == 0
    }
}
