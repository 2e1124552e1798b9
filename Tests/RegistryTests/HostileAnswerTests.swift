import Archive
import Registry
import StorageModel
import TestSupport
import Testing

/// Goal: no answer of a server leads to wrong content, to unbounded memory, or to a wait without end. Method: a
/// scripted server that gives exactly that answer.
@Suite("Hostile answers")
struct HostileAnswerTests {
    private let amd64 = Platform(os: "linux", architecture: "amd64")

    private func resolve(
        _ name: String, _ interruption: Interruption = Interruption(), patience: RegistryPatience = .short
    )
        throws -> ResolvedImage
    {
        try withClient(patience: patience) {
            try $0.resolve(
                try ImageReference(name), platform: amd64, checkpoint: Checkpoint(interruption: interruption))
        }
    }

    // MARK: Manifests

    struct BadManifest: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: StorageError.Code
        let answer: @Sendable (TestImage) -> ScriptedServer.Reply

        init(
            _ description: String, _ code: StorageError.Code,
            _ answer: @escaping @Sendable (TestImage) -> ScriptedServer.Reply
        ) {
            testDescription = description
            self.code = code
            self.answer = answer
        }

        static func changed(_ image: TestImage, _ from: String, _ to: String) -> ScriptedServer.Reply {
            let text = String(decoding: image.manifest, as: UTF8.self).replacing(from, with: to)
            return ScriptedRegistry.manifest(Array(text.utf8), MediaType.ociManifest)
        }
    }

    static let badManifests: [BadManifest] = [
        BadManifest("an endless manifest", .limitExceeded) { _ in
            var reply = ScriptedServer.Reply(200, body: Array(repeating: 0x20, count: 60_000))
            reply.isEndless = true
            reply.pieceBytes = 60_000
            return reply
        },
        BadManifest("a manifest that announces gigabytes", .limitExceeded) { _ in
            var reply = ScriptedServer.Reply(200, text: "{")
            reply.announcedBytes = 5_000_000_000
            return reply
        },
        BadManifest("another digest than the header says", .damaged) { image in
            ScriptedServer.Reply(
                200, headers: [("Docker-Content-Digest", "sha256:" + String(repeating: "0", count: 64))],
                body: image.manifest)
        },
        BadManifest("no JSON", .damaged) { _ in ScriptedServer.Reply(200, text: "<html>welcome</html>") },
        BadManifest("schema version 1", .invalidInput) { _ in
            ScriptedServer.Reply(
                200, headers: [("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws")],
                text: #"{"schemaVersion": 1, "name": "app", "fsLayers": []}"#)
        },
        BadManifest("an index and a manifest at once", .damaged) { image in
            BadManifest.changed(image, "\"layers\"", "\"manifests\": [], \"layers\"")
        },
        BadManifest("an index in an index without end", .damaged) { _ in
            // Whatever is asked for, the answer is an index; by its digest the second one is found out.
            let entry = TestImage.describe([1], MediaType.ociIndex)
            let index: JSONValue = ["schemaVersion": .unsigned(2), "manifests": .array([entry.json])]
            return ScriptedRegistry.manifest(Array(index.compactText.utf8), MediaType.ociIndex)
        },
        BadManifest("an artifact that is no image", .invalidInput) { image in
            BadManifest.changed(image, MediaType.ociConfiguration, "application/vnd.example.chart.v1+json")
        },
        BadManifest("fewer layers than the configuration names", .damaged) { image in
            let manifest = ImageManifest(
                mediaType: MediaType.ociManifest, configuration: image.configurationDescriptor,
                layers: [image.layers[0].descriptor])
            return ScriptedRegistry.manifest(Array(manifest.json.compactText.utf8), MediaType.ociManifest)
        },
        BadManifest("a configuration of gigabytes", .limitExceeded) { image in
            BadManifest.changed(image, "\"size\": \(image.configuration.count)", "\"size\": 9000000000")
        },
        BadManifest("a configuration of another size", .damaged) { image in
            BadManifest.changed(
                image, "\"size\": \(image.configuration.count)", "\"size\": \(image.configuration.count + 1)")
        },
        BadManifest("a redirect in a circle", .system) { _ in
            ScriptedServer.Reply(307, headers: [("Location", "/v2/app/manifests/1")])
        },
        BadManifest("a redirect to no URL", .system) { _ in
            ScriptedServer.Reply(307, headers: [("Location", "gopher://here/")])
        },
    ]

    @Test("is refused", arguments: badManifests)
    func manifest(bad: BadManifest) throws {
        let image = try TestImage(seed: 20)
        let registry = try ScriptedRegistry(image) { request, _ in
            request.path.contains("/manifests/") ? bad.answer(image) : nil
        }
        let error = storageError { _ = try resolve("\(registry.host)/app:1") }
        #expect(error?.code == bad.code, "\(error.map { "\($0)" } ?? "")")
        #expect(error?.message.contains("app:1") == true || error?.message.contains(registry.host) == true)
    }

    @Test("a manifest that differs from the digest in the name is refused")
    func pinned() throws {
        let image = try TestImage(seed: 21)
        let registry = try ScriptedRegistry(image)
        let other = ContentHasher.digest([1])
        #expect(storageError { _ = try resolve("\(registry.host)/app@\(other)") }?.code == .damaged)
        #expect(try resolve("\(registry.host)/app:1@\(image.manifestDigest)").digest == image.manifestDigest)
    }

    @Test("a registry that is overloaded is asked again, and one that wants hours is not waited for")
    func overloaded() throws {
        let image = try TestImage(seed: 22)
        for (status, headers) in [(429, [("Retry-After", "1")]), (503, []), (500, [])] {
            let registry = try ScriptedRegistry(image) { _, ordinal in
                ordinal < 2 ? ScriptedServer.Reply(status, headers: headers) : nil
            }
            #expect(try resolve("\(registry.host)/app:1").digest == image.manifestDigest)
            #expect(registry.requests("/manifests/").count == 3)
        }
        let registry = try ScriptedRegistry(image) { _, _ in
            ScriptedServer.Reply(
                429, headers: [("Retry-After", "7200")],
                text: #"{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}"#)
        }
        let error = storageError { _ = try resolve("\(registry.host)/app:1") }
        #expect(error?.code == .system)
        #expect(error?.causes.contains("TOOMANYREQUESTS: slow down") == true)
        #expect(registry.server.requests.count == 1)
    }

    // MARK: Time

    @Test("a host that nobody listens at is named")
    func refused() throws {
        let registry = try ScriptedRegistry(try TestImage(seed: 23))
        let host = registry.host
        _ = consume registry
        let error = storageError { _ = try resolve("\(host)/app:1") }
        #expect(error?.code == .system)
        #expect(error?.message.contains(host) == true)
    }

    @Test("a silent registry is given up after the time limit")
    func silent() throws {
        let registry = try ScriptedRegistry(try TestImage(seed: 24)) { _, _ in
            var reply = ScriptedServer.Reply(200, text: "{}")
            reply.pauseMilliseconds = 3_000
            return reply
        }
        var patience = RegistryPatience.short
        patience.idleMilliseconds = 200
        patience.attempts = 2
        let clock = ContinuousClock.now
        let error = storageError { _ = try resolve("\(registry.host)/app:1", patience: patience) }
        #expect(error?.code == .system)
        #expect(error?.message.contains(registry.host) == true)
        #expect(ContinuousClock.now - clock < .seconds(2.5))
    }

    @Test("the user's interruption ends every kind of waiting at once", arguments: ["manifest", "blob", "retry"])
    func interrupted(place: String) throws {
        let image = try TestImage(seed: 25, layerBytes: [400_000])
        let registry = try ScriptedRegistry(image) { request, _ in
            if place == "retry" { return ScriptedServer.Reply(503, headers: [("Retry-After", "2")]) }
            guard place == "manifest" || request.path.contains("/blobs/") else { return nil }
            var reply = ScriptedRegistry.serve(image, request)
            reply.pauseMilliseconds = 100
            reply.pieceBytes = 50
            return reply
        }
        let clock = ContinuousClock.now
        let checkpoint = Checkpoint(interruption: interruption(afterMilliseconds: 300))
        let error = try withClient { client in
            let reference = try ImageReference("\(registry.host)/app:1")
            let file = try TestFile()
            return storageError {
                if place == "blob" {
                    try client.download(
                        image.layers[0].descriptor, of: reference, into: file.shared, checkpoint: checkpoint)
                } else {
                    _ = try client.resolve(reference, platform: amd64, checkpoint: checkpoint)
                }
            }
        }
        #expect(error?.code == .interrupted)
        #expect(ContinuousClock.now - clock < .seconds(1.5))
    }

    // MARK: Blobs

    struct BadBlob: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// `nil` if the blob arrives nevertheless.
        let code: StorageError.Code?
        /// Gets the correct answer, and the number of answers about the blob before.
        let answer: @Sendable (ScriptedServer.Reply, Int) -> ScriptedServer.Reply?

        init(
            _ description: String, _ code: StorageError.Code?,
            _ answer: @escaping @Sendable (ScriptedServer.Reply, Int) -> ScriptedServer.Reply?
        ) {
            testDescription = description
            self.code = code
            self.answer = answer
        }

        /// The first answer breaks off; the second is `body`'s.
        static func second(
            _ description: String, _ code: StorageError.Code?,
            _ body: @escaping @Sendable (ScriptedServer.Reply) -> ScriptedServer.Reply
        ) -> BadBlob {
            BadBlob(description, code) { reply, count in
                var reply = reply
                if count == 0 { reply.cutAfterBytes = 30_000 }
                return count == 1 ? body(reply) : reply
            }
        }
    }

    static let badBlobs: [BadBlob] = [
        BadBlob("one changed byte", .damaged) { reply, _ in
            var reply = reply
            reply.body[reply.body.count / 2] ^= 1
            return reply
        },
        BadBlob("a byte too many, announced", .damaged) { reply, _ in
            var reply = reply
            reply.body.append(0)
            return reply
        },
        BadBlob("a byte too many, chunked", .damaged) { reply, _ in
            var reply = reply
            reply.body.append(0)
            reply.isChunked = true
            return reply
        },
        BadBlob("endless bytes", .damaged) { reply, _ in
            var reply = reply
            reply.isEndless = true
            return reply
        },
        BadBlob("a chunked answer that ends early", .damaged) { reply, _ in
            var reply = reply
            reply.body = Array(reply.body.prefix(1_000))
            reply.headers = []
            reply.status = 200
            reply.isChunked = true
            return reply
        },
        BadBlob("chunked and correct", nil) { reply, _ in
            var reply = reply
            reply.isChunked = true
            return reply
        },
        BadBlob("a reset before the end, twice", nil) { reply, count in
            var reply = reply
            if count < 2 {
                reply.cutAfterBytes = 20_000
                reply.isReset = true
            }
            return reply
        },
        BadBlob("no answer, twice", nil) { reply, count in count < 2 ? nil : reply },
        BadBlob.second("the whole where a range was asked for", nil) { reply in
            ScriptedServer.Reply(200, body: HostileAnswerTests.image.layers[0].bytes)
        },
        BadBlob.second("another range", nil) { reply in
            var reply = reply
            reply.headers = [("Content-Range", "bytes 5-\(HostileAnswerTests.image.layers[0].bytes.count - 1)/*")]
            return reply
        },
        BadBlob.second("a range without saying which", nil) { reply in
            var reply = reply
            reply.headers = []
            return reply
        },
        BadBlob.second("no ranges", nil) { _ in ScriptedServer.Reply(416) },
        BadBlob.second("a changed byte in the second piece", nil) { reply in
            var reply = reply
            reply.body[0] ^= 1
            return reply
        },
        BadBlob("403", .permissionDenied) { _, _ in ScriptedServer.Reply(403) },
        BadBlob("404", .notFound) { _, _ in ScriptedServer.Reply(404) },
    ]

    static let image: TestImage = {
        do {
            return try TestImage(seed: 26, layerBytes: [400_000])
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    @Test("leads to the blob or to an error, never to other content", arguments: badBlobs)
    func blob(bad: BadBlob) throws {
        let image = Self.image
        let count = Counter()
        let registry = try ScriptedServer { request, _ in
            bad.answer(ScriptedRegistry.serve(image, request), count.next())
        }
        let layer = image.layers[0].descriptor
        let file = try TestFile()
        let reference = try ImageReference("\(registry.host)/app:1")
        let download = {
            try withClient { try $0.download(layer, of: reference, into: file.shared, checkpoint: Checkpoint()) }
        }
        if let code = bad.code {
            let error = storageError(#_sourceLocation, download)
            #expect(error?.code == code, "\(error.map { "\($0)" } ?? "")")
        } else {
            try download()
            #expect(digest(try file.content()) == layer.digest)
        }
    }
}
