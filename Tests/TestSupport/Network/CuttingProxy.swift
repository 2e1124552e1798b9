internal import Foundation
internal import Glibc
internal import Synchronization

/// Stands before a server on loopback and cuts connections after so many bytes: the real protocol over a bad line.
package final class CuttingProxy: Sendable {
    /// What a connection lets through before it is cut; `nil` for everything.
    package struct Cut: Sendable {
        package var requestBytes: Int?
        package var answerBytes: Int?

        package init(requestBytes: Int? = nil, answerBytes: Int? = nil) {
            self.requestBytes = requestBytes
            self.answerBytes = answerBytes
        }
    }

    private let server: LoopbackServer

    /// - Parameter cut: decides for each connection, by its number from 0.
    package init(before port: Int, _ cut: @escaping @Sendable (Int) -> Cut?) throws {
        server = try LoopbackServer { client, ordinal in
            guard let far = LoopbackSocket.connect(port: port) else { return }
            Self.connect(client, far, cut(ordinal) ?? Cut())
        }
    }

    package var host: String { "127.0.0.1:\(server.port)" }

    /// How many connections there were.
    package var connections: Int { server.connections }

    /// Carries bytes both ways until a side ends, and closes the far one.
    static func connect(_ client: CInt, _ far: CInt, _ cut: Cut) {
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            pump(client, far, cut.requestBytes)
            done.signal()
        }
        pump(far, client, cut.answerBytes)
        done.wait()
        close(far)
    }

    /// Carries bytes until one side ends or the allowance is used up; then both sides are told.
    private static func pump(_ source: CInt, _ target: CInt, _ limit: Int?) {
        var left = limit ?? .max
        while left > 0, let bytes = LoopbackSocket.receive(source) {
            let part = bytes.prefix(left)
            left -= part.count
            guard LoopbackSocket.send(part, to: target) else { break }
        }
        for socket in [source, target] { shutdown(socket, Int32(SHUT_RDWR)) }
    }
}
