import TestSupport
import Testing

/// Starts one Docker engine for all tests of a suite, and ends it after the last.
struct DockerEngineTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await DockerEngine.withEngine { try await function() }
    }
}

extension Trait where Self == DockerEngineTrait {
    /// One engine for the suite, ``DockerEngine/current``.
    static var dockerEngine: Self { DockerEngineTrait() }
}

/// The engines and tools that make and read image archives.
enum Engines {
    static let arePossible =
        DockerEngine.isPossible && PodmanEngine.isPossible && Tool.exists("skopeo") && Tool.exists("umoci")
}
