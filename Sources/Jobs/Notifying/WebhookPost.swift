internal import AsyncHTTPClient
internal import CLinux
internal import FileTree
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import StorageModel
internal import Synchronization

/// One report on its way to a webhook. No redirect is followed, and no message has more of the address than its host.
struct WebhookPost {
    let address: String
    let token: String?
    let body: [UInt8]
    /// For one attempt, everything included.
    let timeoutSeconds: Int

    /// The first pause between two attempts; each further one is twice as long.
    private static let firstPauseMilliseconds = 500

    /// The modules that nsswitch.conf(5) may name are of the host's C library, which need not be the one in this binary.
    private static let resolvesWithoutModules = holdfast_resolve_without_modules() == 0

    /// Tries until somebody takes it: again after a failed connection, a time-out, 408, 429 and 5xx.
    func send(retries: Int, until interruption: Interruption) throws(StorageError) {
        _ = Self.resolvesWithoutModules
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(Int64(timeoutSeconds))))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        defer {
            // They fail only if they were shut down before.
            try? client.syncShutdown()
            try? group.syncShutdownGracefully()
        }
        var attempt = 0
        while true {
            let (status, reason) = send(by: client, until: interruption)
            if (200..<300).contains(status) { return }
            let isTransient = status == 0 || status == 408 || status == 429 || status >= 500
            let pause = ContinuousClock.now + .milliseconds(Self.firstPauseMilliseconds << attempt)
            guard isTransient, attempt < retries, Pause.until(pause, interruption) else {
                let tries = attempt > 0 ? " (\(attempt + 1) attempts)" : ""
                throw StorageError(
                    .system, object: host, "the webhook at '\(host.printable(limit: 100))', which \(reason)\(tries)")
            }
            attempt += 1
        }
    }

    /// - Returns: the status of the answer, 0 without one, and what happened in words.
    private func send(by client: HTTPClient, until interruption: Interruption) -> (status: UInt, reason: String) {
        let collector = StatusCollector()
        do {
            var headers = HTTPHeaders([("User-Agent", "holdfast"), ("Content-Type", "application/json")])
            if let token { headers.add(name: "Authorization", value: "Bearer \(token)") }
            let request = try HTTPClient.Request(
                url: address, method: .POST, headers: headers, body: .byteBuffer(ByteBuffer(bytes: body)))
            let task = client.execute(
                request: request, delegate: collector, deadline: .now() + .seconds(Int64(timeoutSeconds)))
            let watch = task.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(50), delay: .milliseconds(50)) {
                if interruption.isRequested { task.fail(reason: HTTPClientError.cancelled) }
                _ = $0
            }
            defer { watch.cancel() }
            try task.wait()
        } catch {
            // Who has answered has got the report, whatever becomes of the answer's end.
            if collector.status == 0 { return (0, Self.words(error)) }
        }
        return (collector.status, "answered \(collector.status)")
    }

    /// Errors of the client may show the address: only their kind is told.
    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .cancelled: "was interrupted"
        case let error as HTTPClientError where error == .invalidURL || error == .emptyHost:
            "has an address that is none"
        case let error as HTTPClientError
        where error == .deadlineExceeded || error == .connectTimeout || error == .readTimeout:
            "did not answer in time"
        case is HTTPClientError: "broke the connection off"
        case let error as IOError: "cannot be reached: \(Errno(rawValue: error.errnoCode))"
        case let error as NIOConnectionError where error.connectionErrors.isEmpty: "has a name without an address"
        case is NIOConnectionError: "cannot be reached"
        default: "cannot be talked to safely"
        }
    }

    /// Without user, password, path and query.
    private var host: String {
        let rest =
            address.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).dropFirst(2).first ?? ""
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return String(authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "")
    }
}

/// Keeps the status of an answer and nothing else of it.
private final class StatusCollector: HTTPClientResponseDelegate {
    typealias Response = Void

    private let seen = Mutex<UInt>(0)

    var status: UInt { seen.withLock { $0 } }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        seen.withLock { $0 = head.status.code }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws {}
}
