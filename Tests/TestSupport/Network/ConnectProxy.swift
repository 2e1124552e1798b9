internal import Glibc
internal import Synchronization

/// An HTTP proxy on loopback that knows `CONNECT` only and leads every tunnel to the same port of this machine.
package final class ConnectProxy: Sendable {
    private final class Record: Sendable {
        let heads = Mutex<[String]>([])
    }

    private let server: LoopbackServer
    private let record: Record

    /// - Parameter authorization: the value of the header that it wants; `nil` for none.
    package init(to port: Int, authorization: String? = nil) throws {
        let record = Record()
        self.record = record
        server = try LoopbackServer { client, _ in
            var head = ""
            while !head.hasSuffix("\r\n\r\n") {
                guard let bytes = LoopbackSocket.receive(client) else { return }
                head += String(decoding: bytes, as: UTF8.self)
            }
            record.heads.withLock { $0.append(head) }
            if let authorization, !head.lowercased().contains("proxy-authorization: \(authorization)\r\n".lowercased())
            {
                _ = LoopbackSocket.send("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n".utf8, to: client)
                return
            }
            guard let far = LoopbackSocket.connect(port: port),
                LoopbackSocket.send("HTTP/1.1 200 Connected\r\n\r\n".utf8, to: client)
            else { return }
            CuttingProxy.connect(client, far, CuttingProxy.Cut())
        }
    }

    package var host: String { "127.0.0.1:\(server.port)" }

    /// The first lines of what it was asked.
    package var requests: [String] {
        record.heads.withLock { heads in heads.map { String($0.prefix { $0 != "\r\n" }) } }
    }
}
