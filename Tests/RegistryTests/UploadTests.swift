import Foundation
import Registry
import StorageModel
import Synchronization
import TestSupport
import Testing

/// Goal: an upload goes the way that the registry wants, whatever that is. Method: a scripted registry that keeps what
/// it gets and has one peculiarity.
@Suite("Uploads")
struct UploadTests {
    /// Keeps one upload: what came, and what it was told to be.
    private final class Harbour: Sendable {
        let server: ScriptedServer

        init(
            early: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply? = { _ in nil },
            _ answer: @escaping @Sendable (ScriptedServer.Request, Int, Harbour.Content) -> ScriptedServer.Reply?
        ) throws {
            let content = Content()
            self.kept = content
            server = try ScriptedServer(early: early) { request, ordinal in
                answer(request, ordinal, content) ?? Self.serve(request, content)
            }
        }

        final class Content: Sendable {
            private let bytes = Mutex<[UInt8]>([])
            var value: [UInt8] { bytes.withLock { $0 } }
            func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }
            func clear() { bytes.withLock { $0 = [] } }
            /// As registries tell it.
            var range: String { "0-\(max(0, value.count - 1))" }
        }

        let kept: Content

        static func serve(_ request: ScriptedServer.Request, _ content: Content) -> ScriptedServer.Reply {
            let place = ("Location", "/v2/app/blobs/uploads/1?_state=a%2Fb")
            switch request.method {
            case "HEAD": return ScriptedServer.Reply(404)
            case "POST":
                content.clear()
                return ScriptedServer.Reply(202, headers: [place, ("Range", "0-0")])
            case "GET": return ScriptedServer.Reply(204, headers: [place, ("Range", content.range)])
            case "PATCH":
                content.append(request.body)
                return ScriptedServer.Reply(202, headers: [place, ("Range", content.range)])
            default:
                content.append(request.body)
                return ScriptedServer.Reply(201, headers: [("Location", "/v2/app/blobs/x")])
            }
        }

        func sent(_ method: String) -> [ScriptedServer.Request] { server.requests.filter { $0.method == method } }
    }

    private static let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

    private func push(
        _ bytes: [UInt8] = bytes, to harbour: Harbour, mountingFrom other: String? = nil,
        credentials: RegistryCredentials = RegistryCredentials(paths: []), checkpoint: Checkpoint = Checkpoint()
    ) throws -> PushOutcome {
        let blob = TestImage.describe(bytes, MediaType.ociLayer)
        let file = try TestFile(bytes)
        return try withClient(credentials: credentials) {
            try $0.push(
                BlobSource(blob, in: file.shared), to: try ImageReference("\(harbour.server.host)/app:1"),
                mountingFrom: other, checkpoint: checkpoint)
        }
    }

    @Test("as a whole, to the place that the registry tells, with its own query kept")
    func whole() throws {
        let harbour = try Harbour { _, _, _ in nil }
        let progress = RecordedProgress()
        #expect(try push(to: harbour, checkpoint: Checkpoint(progress: progress)) == .uploaded)
        #expect(digest(harbour.kept.value) == digest(Self.bytes))
        let put = harbour.sent("PUT")
        let hex = digest(Self.bytes).hex
        #expect(put.map(\.target) == ["/v2/app/blobs/uploads/1?_state=a%2Fb&digest=sha256%3A\(hex)"])
        #expect(put.first?.headers["content-length"] == "\(Self.bytes.count)")
        #expect(progress.bytes == UInt64(Self.bytes.count))
    }

    @Test("an empty blob", arguments: [0, 1])
    func small(count: Int) throws {
        let harbour = try Harbour { _, _, _ in nil }
        let bytes = [UInt8](repeating: 9, count: count)
        #expect(try push(bytes, to: harbour) == .uploaded)
        #expect(harbour.kept.value == bytes)
    }

    @Test("in chunks, where the whole is refused", arguments: [405, 413, 500])
    func refusedWhole(status: Int) throws {
        let harbour = try Harbour { request, _, _ in
            request.method == "PUT" && !request.body.isEmpty ? ScriptedServer.Reply(status) : nil
        }
        let progress = RecordedProgress()
        #expect(try push(to: harbour, checkpoint: Checkpoint(progress: progress)) == .uploaded)
        #expect(digest(harbour.kept.value) == digest(Self.bytes))
        #expect(progress.bytes == UInt64(Self.bytes.count), "what is sent twice counts once")
        #expect(harbour.sent("PATCH").first?.headers["content-range"] == "0-\(Self.bytes.count - 1)")
    }

    @Test("on from where the registry is, if it took only a part of a chunk")
    func partialChunk() throws {
        let harbour = try Harbour { request, _, content in
            if request.method == "PUT" && !request.body.isEmpty { return ScriptedServer.Reply(413) }
            guard request.method == "PATCH", content.value.isEmpty else { return nil }
            content.append(Array(request.body.prefix(1_000)))
            return ScriptedServer.Reply(503)
        }
        #expect(try push(to: harbour) == .uploaded)
        #expect(digest(harbour.kept.value) == digest(Self.bytes))
        #expect(harbour.sent("PATCH").map { $0.headers["content-range"] }.last == "1000-\(Self.bytes.count - 1)")
    }

    @Test("anew, if the registry has forgotten the upload")
    func forgotten() throws {
        let count = Counter()
        let harbour = try Harbour { request, _, _ in
            request.method == "PUT" && count.next() == 0 ? ScriptedServer.Reply(404) : nil
        }
        #expect(try push(to: harbour) == .uploaded)
        #expect(digest(harbour.kept.value) == digest(Self.bytes))
        #expect(harbour.sent("POST").count == 2)
    }

    @Test("not for ever, if it never works")
    func hopeless() throws {
        let harbour = try Harbour { request, _, _ in request.method == "PUT" ? ScriptedServer.Reply(500) : nil }
        let error = storageError { _ = try push(to: harbour) }
        #expect(error?.code == .system)
        #expect(harbour.sent("POST").count < 10)
    }

    @Test("a refused mount is no obstacle", arguments: [202, 403, 404, 405])
    func mount(status: Int) throws {
        let harbour = try Harbour { request, _, _ in
            guard request.query.contains("mount="), status != 202 else { return nil }
            return ScriptedServer.Reply(status)
        }
        #expect(try push(to: harbour, mountingFrom: "library/base") == .uploaded)
        #expect(harbour.sent("POST").first?.query == "mount=sha256%3A\(digest(Self.bytes).hex)&from=library%2Fbase")
        #expect(digest(harbour.kept.value) == digest(Self.bytes))
    }

    @Test("a place at another host gets the bytes and no credentials")
    func otherHost() throws {
        let directory = try TemporaryDirectory("login")
        let store = try Harbour { _, _, _ in nil }
        let harbour = try Harbour { request, _, _ in
            if request.headers["authorization"] == nil {
                return ScriptedServer.Reply(401, headers: [("WWW-Authenticate", "Basic realm=\"harbour\"")])
            }
            guard request.method == "POST" else { return nil }
            return ScriptedServer.Reply(202, headers: [("Location", "http://\(store.server.host)/put?key=1")])
        }
        try TreeBuilder(directory.path).file(
            "config.json",
            #"{"auths": {"\#(harbour.server.host)": {"auth": "\#(Data("u:pw".utf8).base64EncodedString())"}}}"#)
        let credentials = RegistryCredentials(paths: [directory("config.json")])
        #expect(try push(to: harbour, credentials: credentials) == .uploaded)
        #expect(digest(store.kept.value) == digest(Self.bytes))
        #expect(store.server.requests.count == 1)
        for request in store.server.requests { #expect(request.headers["authorization"] == nil) }
    }

    @Test(
        "a refusal before the whole was sent is heard, and is no hang",
        arguments: [(401, StorageError.Code.permissionDenied), (403, .permissionDenied), (400, .system)])
    func earlyRefusal(status: Int, code: StorageError.Code) throws {
        let harbour = try Harbour(
            early: { request in
                request.method == "PUT"
                    ? ScriptedServer.Reply(status, text: #"{"errors": [{"code": "DENIED", "message": "not so"}]}"#)
                    : nil
            }, { _, _, _ in nil })
        let bytes = [UInt8](repeating: 5, count: 30_000_000)
        let error = storageError { _ = try push(bytes, to: harbour) }
        #expect(error?.code == code)
        if status != 401 { #expect(error?.causes.contains("DENIED: not so") == true) }
    }

    @Test(
        "an acceptance before the whole was sent, or a server that goes away in the midst, does no harm",
        arguments: [true, false])
    func earlyAnswer(isAcceptance: Bool) throws {
        let count = Counter()
        let harbour = try Harbour(
            early: { request in
                guard request.method == "PUT", request.headers["content-length"] != "0", count.next() < 1 else {
                    return nil
                }
                var reply = ScriptedServer.Reply(isAcceptance ? 201 : 403, text: "x")
                reply.cutAfterBytes = 1
                reply.isReset = !isAcceptance
                return reply
            }, { _, _, _ in nil })
        let bytes = [UInt8](repeating: 6, count: 30_000_000)
        // Whatever it is taken for: it must end, by an outcome or by an error.
        do {
            _ = try push(bytes, to: harbour)
        } catch let error as StorageError {
            #expect(error.code == .system || error.code == .permissionDenied)
        }
    }

    @Test("a user's interruption ends an upload that the registry does not take")
    func interrupted() throws {
        let harbour = try Harbour { request, _, _ in
            guard request.method == "PUT" else { return nil }
            var reply = ScriptedServer.Reply(201, text: "x")
            reply.pauseMilliseconds = 3_000
            reply.announcedBytes = 2
            Thread.sleep(forTimeInterval: 3)
            return reply
        }
        let clock = ContinuousClock.now
        let error = storageError {
            _ = try push(to: harbour, checkpoint: Checkpoint(interruption: interruption(afterMilliseconds: 200)))
        }
        #expect(error?.code == .interrupted)
        #expect(ContinuousClock.now - clock < .seconds(2))
    }

    @Test("a manifest that the registry takes for another one is an error")
    func manifest() throws {
        let harbour = try Harbour { _, _, _ in
            ScriptedServer.Reply(
                201, headers: [("Docker-Content-Digest", "sha256:" + String(repeating: "a", count: 64))])
        }
        try withClient { client in
            let reference = try ImageReference("\(harbour.server.host)/app:1")
            let error = storageError {
                _ = try client.putManifest(
                    [1, 2], mediaType: MediaType.ociManifest, as: reference, checkpoint: Checkpoint())
            }
            #expect(error?.code == .damaged)
            #expect(harbour.sent("PUT").first?.headers["content-type"] == MediaType.ociManifest)
        }
    }
}
