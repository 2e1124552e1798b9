import Archive
import Registry
import StorageModel
import TestSupport

/// A registry in memory that serves one image, correctly unless the test answers itself.
final class ScriptedRegistry: Sendable {
    typealias Answer = @Sendable (ScriptedServer.Request, Int) -> ScriptedServer.Reply?

    let server: ScriptedServer

    /// - Parameter answer: asked first; where it is `nil`, the image is served.
    init(_ image: TestImage, _ answer: @escaping Answer = { _, _ in nil }) throws {
        server = try ScriptedServer { request, ordinal in
            answer(request, ordinal) ?? Self.serve(image, request)
        }
    }

    var host: String { server.host }

    /// The requests that are about a place that contains `text`.
    func requests(_ text: String) -> [ScriptedServer.Request] { server.requests.filter { $0.target.contains(text) } }

    static func serve(_ image: TestImage, _ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count >= 4, parts[0] == "v2" else { return ScriptedServer.Reply(404) }
        switch parts[parts.count - 2] {
        case "manifests": return manifest(image.manifest, MediaType.ociManifest)
        case "blobs":
            guard let digest = Digest(parsing: parts[parts.count - 1]), let bytes = image.blobs[digest] else {
                return ScriptedServer.Reply(404)
            }
            return blob(bytes, request)
        default: return ScriptedServer.Reply(404)
        }
    }

    static func manifest(_ bytes: [UInt8], _ mediaType: String) -> ScriptedServer.Reply {
        ScriptedServer.Reply(
            200,
            headers: [
                ("Content-Type", mediaType), ("Docker-Content-Digest", ContentHasher.digest(bytes).description),
            ], body: bytes)
    }

    static func blob(_ bytes: [UInt8], _ request: ScriptedServer.Request) -> ScriptedServer.Reply {
        guard let first = request.headers["range"]?.split(separator: "=").last?.dropLast(), let start = Int(first)
        else {
            return ScriptedServer.Reply(200, body: bytes)
        }
        return ScriptedServer.Reply(
            206, headers: [("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")],
            body: Array(bytes[start...]))
    }
}
