import Archive
import Foundation
import Registry
import StorageModel
import Synchronization
import TestSupport
import Testing

/// Goal: images go both ways between us, a real registry and another client without a changed byte. Method:
/// docker-registry on loopback, and skopeo as the other client.
@Suite("A real registry", .enabled(if: RegistryServer.isPossible, "needs docker-registry and skopeo"))
struct RegistryServerTests {
    private let checkpoint = Checkpoint()
    private let amd64 = Platform(os: "linux", architecture: "amd64")

    private func push(_ image: TestImage, to reference: ImageReference, with client: RegistryClient) throws {
        for (digest, bytes) in image.blobs {
            let blob = ContentDescriptor(mediaType: "", digest: digest, sizeBytes: UInt64(bytes.count))
            let file = try TestFile([1, 2, 3] + bytes + [4])
            let source = BlobSource(blob, in: file.shared, from: 3)
            #expect(try client.push(source, to: reference, checkpoint: checkpoint) == .uploaded)
        }
        let digest = try client.putManifest(
            image.manifest, mediaType: MediaType.ociManifest, as: reference, checkpoint: checkpoint)
        #expect(digest == image.manifestDigest)
    }

    @Test("what skopeo pushed is resolved and downloaded byte for byte")
    func pull() throws {
        let server = try RegistryServer()
        let directory = try TemporaryDirectory("layout")
        let image = try TestImage(seed: 1, layerBytes: [3_000_000, 10, 0, 70_000])
        try image.writeLayout(to: directory("layout"), tag: "v1")
        try server.copy("oci:\(directory("layout")):v1", to: "docker://\(server.host)/team/app:v1")
        let reference = try ImageReference("\(server.host)/team/app:v1")
        try withClient { client in
            let found = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
            #expect(digest(found.manifestDocument) == image.manifestDigest)
            #expect(found.manifestDigest == image.manifestDigest && found.digest == image.manifestDigest)
            #expect(found.configuration.document == image.configuration)
            #expect(found.layers == image.layers.map(\.descriptor))
            for layer in image.layers {
                let progress = RecordedProgress()
                let file = try TestFile(Array("something else".utf8))
                try client.download(
                    layer.descriptor, of: reference, into: file.shared, checkpoint: Checkpoint(progress: progress))
                #expect(digest(try file.content()) == layer.descriptor.digest)
                #expect(progress.bytes == layer.descriptor.sizeBytes)
            }
            let byDigest = try ImageReference("\(server.host)/team/app@\(image.manifestDigest)")
            #expect(
                try client.resolve(byDigest, platform: amd64, checkpoint: checkpoint).digest == image.manifestDigest)
        }
    }

    @Test("what is pushed is what skopeo inspects and copies")
    func pushed() throws {
        let server = try RegistryServer()
        let directory = try TemporaryDirectory("copy")
        let image = try TestImage(seed: 2, layerBytes: [900_000, 5_000])
        let reference = try ImageReference("\(server.host)/app:1.0")
        try withClient { try push(image, to: reference, with: $0) }
        let raw = try Tool.run(
            ["skopeo", "inspect", "--raw", "--tls-verify=false", "docker://\(server.host)/app:1.0"]
        ).check()
        #expect(digest(raw.output) == image.manifestDigest)
        try server.copy("docker://\(server.host)/app:1.0", to: "dir:\(directory.path)")
        for blob in image.blobs.keys {
            #expect(digest(try Tool.run("cat", directory(blob.hex)).check().output) == blob)
        }
    }

    @Test("a layer of several gzip members is one layer to others")
    func members() throws {
        final class Memory: ArchiveSink {
            private(set) var bytes: [UInt8] = []

            func write(_ part: UnsafeRawBufferPointer) throws(StorageError) { bytes.append(contentsOf: part) }
        }
        let server = try RegistryServer()
        let directory = try TemporaryDirectory("copy")
        var tarDigest: Digest?
        let image = try TestImage(seed: 9, layerBytes: [7_000_000]) { tar in
            let memory = Memory()
            let sink = try GzipSink(to: memory, threads: 2, checkpoint: Checkpoint())
            try tar.withUnsafeBytes { try sink.write($0) }
            let outcome = try sink.finish()
            #expect(outcome.digest == digest(memory.bytes) && outcome.contentBytes == UInt64(tar.count))
            tarDigest = outcome.contentDigest
            return memory.bytes
        }
        try withClient { try push(image, to: try ImageReference("\(server.host)/app:1"), with: $0) }
        try Tool.run(
            "skopeo", "--insecure-policy", "copy", "--quiet", "--src-tls-verify=false", "--dest-decompress",
            "docker://\(server.host)/app:1", "dir:\(directory.path)"
        ).check()
        // Named by its digest, and unpacked by another implementation.
        let hex = try #require(tarDigest).hex
        #expect(try Tool.run("sha256sum", directory(hex)).check().text.hasPrefix(hex))
    }

    @Test("a blob that is there is not sent again, and one of another repository is mounted")
    func saved() throws {
        let server = try RegistryServer()
        let image = try TestImage(seed: 3)
        let first = try ImageReference("\(server.host)/one:1")
        let second = try ImageReference("\(server.host)/two:1")
        try withClient { client in
            try push(image, to: first, with: client)
            let layer = image.layers[0]
            let file = try TestFile(layer.bytes)
            let source = BlobSource(layer.descriptor, in: file.shared)
            #expect(try client.push(source, to: first, checkpoint: checkpoint) == .wasThere)
            #expect(try !client.hasBlob(layer.descriptor, in: second, checkpoint: checkpoint))
            #expect(try client.push(source, to: second, mountingFrom: "one", checkpoint: checkpoint) == .mounted)
            #expect(try client.hasBlob(layer.descriptor, in: second, checkpoint: checkpoint))
            let other = image.layers[1]
            let otherFile = try TestFile(other.bytes)
            let outcome = try client.push(
                BlobSource(other.descriptor, in: otherFile.shared), to: second, mountingFrom: "nowhere",
                checkpoint: checkpoint)
            #expect(outcome == .uploaded)
        }
    }

    @Test("of an index the platform's image is taken, and none is said to be missing with what there is")
    func platforms() throws {
        let server = try RegistryServer()
        let images = try [
            "amd64": TestImage(seed: 4), "arm64": TestImage(seed: 5, architecture: "arm64"),
        ]
        let reference = try ImageReference("\(server.host)/multi:1")
        try withClient { client in
            var entries: [JSONValue] = []
            for (architecture, image) in images.sorted(by: { $0.key < $1.key }) {
                try push(image, to: try ImageReference("\(server.host)/multi:\(architecture)"), with: client)
                let descriptor = TestImage.describe(image.manifest, MediaType.ociManifest)
                guard case .object(var members) = descriptor.json else { return }
                members["platform"] = ["os": .string("linux"), "architecture": .string(architecture)]
                var attestation = members
                attestation["annotations"] = ["vnd.docker.reference.type": .string("attestation-manifest")]
                entries += [.object(attestation), .object(members)]
            }
            let index: JSONValue = [
                "schemaVersion": .unsigned(2), "mediaType": .string(MediaType.ociIndex), "manifests": .array(entries),
            ]
            let document = Array(index.compactText.utf8)
            let digest = try client.putManifest(
                document, mediaType: MediaType.ociIndex, as: reference, checkpoint: checkpoint)
            for (architecture, image) in images {
                let platform = Platform(os: "linux", architecture: architecture)
                let found = try client.resolve(reference, platform: platform, checkpoint: checkpoint)
                #expect(found.manifestDigest == image.manifestDigest && found.digest == digest)
                #expect(found.configuration.platform == platform)
            }
            let error = storageError {
                _ = try client.resolve(
                    reference, platform: Platform(os: "linux", architecture: "s390x"), checkpoint: checkpoint)
            }
            #expect(error?.code == .notFound)
            #expect(error?.hint?.contains("linux/amd64, linux/arm64") == true)
        }
    }

    @Test("an image or a blob that is not there is named")
    func missing() throws {
        let server = try RegistryServer()
        let reference = try ImageReference("\(server.host)/no/such:tag")
        try withClient { client in
            let error = storageError {
                _ = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
            }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("\(server.host)/no/such:tag") == true)
            let file = try TestFile()
            let blob = TestImage.describe([1, 2, 3], MediaType.ociLayer)
            let blobError = storageError {
                try client.download(blob, of: reference, into: file.shared, checkpoint: checkpoint)
            }
            #expect(blobError?.code == .notFound)
            #expect(blobError?.message.contains(blob.digest.short) == true)
        }
    }

    @Test("a file that is not what its digest says is refused by the registry")
    func wrongFile() throws {
        let server = try RegistryServer()
        let reference = try ImageReference("\(server.host)/app:1")
        try withClient { client in
            let blob = TestImage.describe(Array("right".utf8), MediaType.ociLayer)
            let file = try TestFile(Array("wrong".utf8))
            let error = storageError {
                _ = try client.push(BlobSource(blob, in: file.shared), to: reference, checkpoint: checkpoint)
            }
            #expect(error?.code == .damaged)
            let short = try TestFile(Array("ri".utf8))
            let shortError = storageError {
                _ = try client.push(BlobSource(blob, in: short.shared), to: reference, checkpoint: checkpoint)
            }
            #expect(shortError?.code == .truncated)
        }
    }

    @Test("what rotted in the registry's storage is not taken")
    func rot() throws {
        let server = try RegistryServer()
        let reference = try ImageReference("\(server.host)/app:1")
        let image = try TestImage(seed: 6)
        try withClient { client in
            try push(image, to: reference, with: client)
            let layer = image.layers[0].descriptor
            try Tool.script(
                "printf X | dd of=\"$1\" bs=1 seek=1000 conv=notrunc status=none",
                server.blobPath(hex: layer.digest.hex)
            )
            .check()
            let file = try TestFile()
            let error = storageError {
                try client.download(layer, of: reference, into: file.shared, checkpoint: checkpoint)
            }
            #expect(error?.code == .damaged)
        }
    }

    @Test("many threads share one client")
    func threads() throws {
        let server = try RegistryServer()
        let reference = try ImageReference("\(server.host)/app:1")
        let image = try TestImage(seed: 7, layerBytes: [600_000, 500_000, 400_000, 300_000, 200_000, 100_000])
        try withClient { client in
            try push(image, to: reference, with: client)
            let failures = Mutex<[String]>([])
            DispatchQueue.concurrentPerform(iterations: 12) { index in
                do {
                    let layer = image.layers[index % image.layers.count]
                    let file = try TestFile()
                    try client.download(layer.descriptor, of: reference, into: file.shared, checkpoint: Checkpoint())
                    if digest(try file.content()) != layer.descriptor.digest {
                        failures.withLock { $0.append("layer \(index) differs") }
                    }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
            #expect(failures.withLock { $0 } == [])
        }
    }

    // MARK: Passwords

    private func credentials(_ server: RegistryServer, password: String, in directory: TemporaryDirectory) throws
        -> RegistryCredentials
    {
        let pair = Data("\(RegistryServer.user):\(password)".utf8).base64EncodedString()
        try TreeBuilder(directory.path).file("config.json", #"{"auths": {"\#(server.host)": {"auth": "\#(pair)"}}}"#)
        return RegistryCredentials(paths: [directory("config.json")])
    }

    @Test("a protected registry is used with the stored password, and refused without it")
    func protected() throws {
        let server = try RegistryServer(isProtected: true)
        let directory = try TemporaryDirectory("login")
        let reference = try ImageReference("\(server.host)/app:1")
        let image = try TestImage(seed: 8)
        try withClient(credentials: try credentials(server, password: RegistryServer.password, in: directory)) {
            client in
            try push(image, to: reference, with: client)
            let found = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
            #expect(found.manifestDigest == image.manifestDigest)
            let file = try TestFile()
            try client.download(found.layers[0], of: reference, into: file.shared, checkpoint: checkpoint)
            #expect(digest(try file.content()) == found.layers[0].digest)
        }
        let cases = [
            RegistryCredentials(paths: []), try credentials(server, password: "mistyped-secret", in: directory),
        ]
        for credentials in cases {
            withClient(credentials: credentials) { client in
                let error = storageError {
                    _ = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
                }
                #expect(error?.code == .permissionDenied)
                #expect(error?.hint?.contains("docker login \(server.host)") == true)
                #expect(error.map { "\($0)".contains("mistyped-secret") } == false)
            }
        }
    }
}
