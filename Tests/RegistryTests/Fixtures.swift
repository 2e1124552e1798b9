import Archive
import FileTree
import Foundation
import Registry
import StorageModel
import Synchronization
import TestSupport
import Testing

extension RegistryPatience {
    /// For servers on this machine: what takes long there is broken.
    static var short: RegistryPatience {
        var patience = RegistryPatience()
        patience.connectMilliseconds = 5_000
        patience.idleMilliseconds = 20_000
        patience.attempts = 3
        patience.firstPauseMilliseconds = 5
        patience.longestPauseMilliseconds = 2_000
        return patience
    }
}

/// Runs `body` with a client and closes it.
func withClient<Result>(
    _ configuration: RegistryConfiguration = RegistryConfiguration(),
    credentials: RegistryCredentials = RegistryCredentials(paths: []), proxy: RegistryProxy? = nil,
    patience: RegistryPatience = .short,
    _ body: (RegistryClient) throws -> Result
) rethrows -> Result {
    let client = RegistryClient(
        configuration: configuration, credentials: credentials, proxy: proxy, patience: patience)
    defer { client.close() }
    return try body(client)
}

/// A file without a name in a directory of its own.
struct TestFile {
    let path: String
    let shared: SharedDescriptor
    private let directory: TemporaryDirectory

    init(_ content: [UInt8] = []) throws {
        directory = try TemporaryDirectory("blob")
        path = directory("blob")
        try TreeBuilder(directory.path).file(Array("blob".utf8), content)
        let parent = try Descriptor.openDirectory(atHostPath: directory.path)
        shared = SharedDescriptor(try parent.openFile(Array("blob".utf8), for: .readingAndWriting))
    }

    func content() throws -> [UInt8] {
        let size = Int(try shared.descriptor.status().sizeBytes)
        var bytes = [UInt8](repeating: 0, count: size)
        let count = try bytes.withUnsafeMutableBytes { try shared.descriptor.read(into: $0, at: 0) }
        return Array(bytes.prefix(count))
    }
}

/// Compared instead of the bytes, so that a difference does not print megabytes.
func digest(_ bytes: [UInt8]) -> Digest { ContentHasher.digest(bytes) }

/// What an operation said while it went on.
final class RecordedProgress: ProgressSink {
    private let state = Mutex<(bytes: UInt64, warnings: [String])>((0, []))

    var bytes: UInt64 { state.withLock { $0.bytes } }
    var warnings: [String] { state.withLock { $0.warnings } }

    func begin(_ phase: String, totalEntries: UInt64?, totalBytes: UInt64?) {}
    func advance(entries: UInt64, bytes: UInt64) { state.withLock { $0.bytes += bytes } }
    func warn(_ message: String) { state.withLock { $0.warnings.append(message) } }
}

/// The storage error that `body` throws; a failed expectation if it throws none.
func storageError(
    _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> StorageError? {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: location)
    } catch let error as StorageError {
        return error
    } catch {
        Issue.record("\(error)", sourceLocation: location)
    }
    return nil
}

/// Ends an operation from another thread after a moment.
func interruption(afterMilliseconds delay: Int) -> Interruption {
    let interruption = Interruption()
    Thread.detachNewThread {
        usleep(UInt32(delay) * 1000)
        interruption.request()
    }
    return interruption
}

/// Numbers calls.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    /// 0, then 1…
    func next() -> Int { count.add(1, ordering: .relaxed).oldValue }
}
