import Registry
import StorageModel
import TestSupport
import Testing

/// Goal: a bad line costs time, not correctness. Method: the real registry behind a proxy that cuts connections after
/// so many bytes, in each direction and at many places.
@Suite("Broken connections", .enabled(if: RegistryServer.isPossible, "needs docker-registry and skopeo"))
struct BrokenConnectionTests {
    private let checkpoint = Checkpoint()

    private static func pushLayer(
        _ server: RegistryServer, _ bytes: [UInt8], to reference: ImageReference
    ) throws -> ContentDescriptor {
        let blob = TestImage.describe(bytes, MediaType.ociLayer)
        let file = try TestFile(bytes)
        try withClient { client in
            _ = try client.push(BlobSource(blob, in: file.shared), to: reference, checkpoint: Checkpoint())
        }
        return blob
    }

    private static func content(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 77)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test("a download that is cut goes on where it was", arguments: [0, 1, 100, 400, 5_000, 70_000, 299_000])
    func download(cutBytes: Int) throws {
        let server = try RegistryServer()
        let bytes = Self.content(300_000)
        let blob = try Self.pushLayer(server, bytes, to: try ImageReference("\(server.host)/app:1"))
        // Two cuts in a row are always borne; with more there is progress between them.
        let proxy = try CuttingProxy(before: server.port) { ordinal in
            ordinal < 2 || (cutBytes > 1_000 && ordinal < 4) ? CuttingProxy.Cut(answerBytes: cutBytes) : nil
        }
        let progress = RecordedProgress()
        try withClient { client in
            let file = try TestFile()
            try client.download(
                blob, of: try ImageReference("\(proxy.host)/app:1"), into: file.shared,
                checkpoint: Checkpoint(progress: progress))
            #expect(digest(try file.content()) == blob.digest)
        }
        #expect(proxy.connections >= (cutBytes < 150_000 ? 3 : 2))
        #expect(progress.bytes == UInt64(bytes.count), "no byte is fetched twice")
    }

    @Test("a name that has no address is told as that")
    func unknownName() throws {
        try withClient { client in
            let reference = try ImageReference("registry.invalid/app:1")
            let error = storageError { _ = try client.resolve(reference, platform: .current, checkpoint: checkpoint) }
            #expect(
                error?.message.contains("no address is known for this name") == true, "\(String(describing: error))")
        }
    }

    @Test("a line that is always cut at once ends in an error that names the host")
    func hopeless() throws {
        let server = try RegistryServer()
        let blob = try Self.pushLayer(server, Self.content(1_000), to: try ImageReference("\(server.host)/app:1"))
        let proxy = try CuttingProxy(before: server.port) { _ in CuttingProxy.Cut(answerBytes: 0) }
        try withClient { client in
            let file = try TestFile()
            let reference = try ImageReference("\(proxy.host)/app:1")
            let error = storageError {
                try client.download(blob, of: reference, into: file.shared, checkpoint: checkpoint)
            }
            #expect(error?.code == .system)
            #expect(error?.message.contains(proxy.host) == true)
        }
    }

    @Test(
        "what an earlier run left is taken over, whatever it is", arguments: [0, 1, 150_000, 299_999, 300_000, 400_000])
    func leftover(prefixBytes: Int) throws {
        let server = try RegistryServer()
        let bytes = Self.content(300_000)
        let reference = try ImageReference("\(server.host)/app:1")
        let blob = try Self.pushLayer(server, bytes, to: reference)
        for isRotten in [false, true] {
            var left = Array((bytes + bytes).prefix(prefixBytes))
            if isRotten && !left.isEmpty { left[left.count / 2] ^= 1 }
            let file = try TestFile(left)
            try withClient { client in
                try client.download(
                    blob, of: reference, into: file.shared, keeping: UInt64(prefixBytes), checkpoint: checkpoint)
            }
            #expect(digest(try file.content()) == blob.digest)
        }
    }

    @Test("an upload that is cut goes on with what the registry has", arguments: [0, 200, 1_000, 70_000, 250_000])
    func upload(cutBytes: Int) throws {
        let server = try RegistryServer()
        let bytes = Self.content(300_000)
        let blob = TestImage.describe(bytes, MediaType.ociLayer)
        let proxy = try CuttingProxy(before: server.port) { ordinal in
            ordinal < 2 ? CuttingProxy.Cut(requestBytes: cutBytes) : nil
        }
        let through = try ImageReference("\(proxy.host)/app:1")
        let direct = try ImageReference("\(server.host)/app:1")
        try withClient { client in
            let source = try TestFile(bytes)
            #expect(
                try client.push(BlobSource(blob, in: source.shared), to: through, checkpoint: checkpoint) == .uploaded)
            let file = try TestFile()
            try client.download(blob, of: direct, into: file.shared, checkpoint: checkpoint)
            #expect(digest(try file.content()) == blob.digest)
        }
        #expect(proxy.connections >= 3)
    }
}
