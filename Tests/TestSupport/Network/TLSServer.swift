internal import Glibc

/// `openssl s_server` on loopback, with the files `key` and `certificate` of a directory, ended with the value.
package final class TLSServer: Sendable {
    private let process: ChildProcess
    package let port: Int

    /// Starts the server and waits until it listens.
    package init(_ directory: TemporaryDirectory) throws {
        for _ in 0..<20 {
            let port = try LoopbackSocket.freePort()
            let process = try ChildProcess(
                [
                    "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-key", directory("key"), "-cert",
                    directory("certificate"), "-www",
                ].map { Array($0.utf8) })
            for _ in 0..<400 {
                if process.textSoFar.contains("ACCEPT") {
                    (self.process, self.port) = (process, port)
                    return
                }
                if process.errorTextSoFar.contains("in use") { break }
                usleep(25_000)
            }
            process.send(SIGTERM)
            let result = try process.wait(limitSeconds: 10)
            guard result.errorText.contains("in use") else { throw UnexpectedStatus(description: "openssl: \(result)") }
        }
        throw UnexpectedStatus(description: "openssl found no free port")
    }

    deinit {
        process.send(SIGTERM)
        // The server is gone either way: wait kills it after the limit.
        _ = try? process.wait(limitSeconds: 10)
    }
}
