internal import Glibc

/// The helper program `StoreProbe`, built beside the tests: other processes that use a store.
package enum StoreProbe {
    /// The program, in the folder of the running test executable.
    package static let program: String = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let executable = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        for candidate in [executable] + CommandLine.arguments {
            guard let slash = candidate.lastIndex(of: "/") else { continue }
            let path = candidate[..<slash] + "/StoreProbe"
            if access(String(path), X_OK) == 0 { return String(path) }
        }
        return "StoreProbe"
    }()

    /// Starts the probe and lets it run. See `Tests/StoreProbe/main.swift` for its commands.
    package static func start(
        _ command: String, _ root: String, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(([program, command, root] + arguments).map { Array($0.utf8) }, environment: environment)
    }

    /// Runs the probe to its end.
    package static func run(
        _ command: String, _ root: String, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> ProcessResult {
        try ChildProcess(([program, command, root] + arguments).map { Array($0.utf8) }, environment: environment)
            .wait()
    }

    /// Starts a probe that holds a lease, and returns once it does.
    package static func holding(_ root: String, _ volume: String, _ purpose: String) throws -> ChildProcess {
        let child = try start("hold", root, volume, purpose)
        for _ in 0..<10_000 where !child.textSoFar.hasPrefix("holding") { usleep(1000) }
        return child
    }
}
