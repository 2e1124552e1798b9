internal import Glibc
internal import Synchronization

/// An HTTP/1.1 server on loopback that answers as a test says, wrong answers included, and remembers what it was asked.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable, CustomStringConvertible {
        package let method: String
        /// With the query, as it was sent.
        package let target: String
        /// Names in lower case; of several of one name the last.
        package let headers: [String: String]
        package let body: [UInt8]

        package var path: String { String(target.prefix { $0 != "?" }) }
        package var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
        package var description: String { "\(method) \(target)" }
    }

    /// What is sent back, byte by byte as the test wants it.
    package struct Reply: Sendable {
        package var status: Int
        package var headers: [(String, String)]
        package var body: [UInt8]
        /// What `Content-Length` says, where not the body's length.
        package var announcedBytes: Int?
        /// Chunked, without a length in advance.
        package var isChunked = false
        /// The body is sent again and again until nobody listens; chunked.
        package var isEndless = false
        /// The connection ends after so many bytes of the body.
        package var cutAfterBytes: Int?
        /// It ends by a reset.
        package var isReset = false
        /// A pause before each so many bytes of the body.
        package var pauseMilliseconds = 0
        package var pieceBytes = 4096

        package init(_ status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        package init(_ status: Int, headers: [(String, String)] = [], text: String) {
            self.init(status, headers: headers, body: Array(text.utf8))
        }
    }

    private final class Record: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private let server: LoopbackServer
    private let record: Record

    /// - Parameters:
    ///   - early: called when a request's head is there and its body is not; an answer is sent at once, the body
    ///     passed over.
    ///   - answer: called for each request, with the number of requests before it; `nil` ends the connection
    ///     without an answer.
    package init(
        early: @escaping @Sendable (Request) -> Reply? = { _ in nil },
        _ answer: @escaping @Sendable (Request, Int) -> Reply?
    ) throws {
        let record = Record()
        self.record = record
        server = try LoopbackServer { socket, _ in
            var connection = Connection(socket)
            while let request = connection.readRequest(early) {
                let ordinal = record.requests.withLock { requests in
                    requests.append(request)
                    return requests.count - 1
                }
                guard let reply = answer(request, ordinal), connection.send(reply, to: request) else { return }
            }
        }
    }

    package var host: String { "127.0.0.1:\(server.port)" }

    /// The same server under another name, for which other credentials count.
    package var otherHost: String { "localhost:\(server.port)" }

    /// How many connections there were.
    package var connections: Int { server.connections }

    package var requests: [Request] { record.requests.withLock { $0 } }
}

/// One connection of the server.
private struct Connection {
    private let socket: CInt
    private var buffer: [UInt8] = []

    init(_ socket: CInt) { self.socket = socket }

    /// - Returns: `nil` when the client is gone.
    mutating func readRequest(
        _ early: (ScriptedServer.Request) -> ScriptedServer.Reply?
    ) -> ScriptedServer.Request? {
        guard let head = readHead() else { return nil }
        let lines = head.split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        var body: [UInt8] = []
        if let count = headers["content-length"].flatMap({ Int($0) }) {
            let request = ScriptedServer.Request(
                method: String(first[0]), target: String(first[1]), headers: headers, body: [])
            if let reply = early(request) {
                if send(reply, to: request) { drain() }
                return nil
            }
            while buffer.count < count {
                guard let more = LoopbackSocket.receive(socket) else { return nil }
                buffer += more
            }
            body = Array(buffer.prefix(count))
            buffer.removeFirst(count)
        }
        return ScriptedServer.Request(
            method: String(first[0]), target: String(first[1]), headers: headers, body: body)
    }

    /// Reads what the client still sends, so that the answer reaches it.
    private func drain() {
        while LoopbackSocket.receive(socket) != nil {}
    }

    private mutating func readHead() -> String? {
        let end = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            if buffer.count >= end.count {
                for start in max(0, searched - end.count)...(buffer.count - end.count)
                where buffer[start..<start + end.count].elementsEqual(end) {
                    let head = String(decoding: buffer[..<start], as: UTF8.self)
                    buffer.removeFirst(start + end.count)
                    return head
                }
            }
            searched = buffer.count
            guard let more = LoopbackSocket.receive(socket) else { return nil }
            buffer += more
        }
    }

    /// - Returns: whether the connection goes on.
    func send(_ reply: ScriptedServer.Reply, to request: ScriptedServer.Request) -> Bool {
        let isChunked = reply.isChunked || reply.isEndless
        var head = "HTTP/1.1 \(reply.status) Status\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        head +=
            isChunked
            ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(reply.announcedBytes ?? reply.body.count)\r\n"
        guard LoopbackSocket.send((head + "\r\n").utf8, to: socket) else { return false }
        if request.method == "HEAD" { return true }
        guard sendBody(reply, isChunked) else { return false }
        if reply.cutAfterBytes != nil || reply.isReset {
            if reply.isReset { LoopbackSocket.resetOnClose(socket) }
            return false
        }
        return !isChunked || LoopbackSocket.send("0\r\n\r\n".utf8, to: socket)
    }

    private func sendBody(_ reply: ScriptedServer.Reply, _ isChunked: Bool) -> Bool {
        repeat {
            let body = reply.body.prefix(reply.cutAfterBytes ?? .max)
            for start in stride(from: 0, to: body.count, by: reply.pieceBytes) {
                let piece = body[start..<min(start + reply.pieceBytes, body.count)]
                if reply.pauseMilliseconds > 0 { usleep(UInt32(reply.pauseMilliseconds) * 1000) }
                let framed =
                    isChunked
                    ? Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8) : Array(piece)
                guard LoopbackSocket.send(framed, to: socket) else { return false }
            }
        } while reply.isEndless
        return true
    }
}
