internal import AsyncHTTPClient
internal import FileTree
internal import NIOCore
internal import NIOHTTP1
internal import StorageModel

/// Where an event loop and the thread that waits for an answer meet: the only bridge between the two worlds.
///
/// The event loop is never held: it stops reading from the connection (by a promise) while the thread has not taken
/// what there is, and goes on when it has. The thread waits by blocking. Nothing here runs on the threads of Swift's
/// concurrency, so whoever uses those for blocking work cannot starve it.
final class ResponseCollector: HTTPClientResponseDelegate {
    typealias Response = Void

    struct Head: Sendable {
        let status: Int
        let headers: HTTPHeaders
    }

    private struct State: Sendable {
        var head: Head?
        var body = Queue<ByteBuffer>()
        var count = 0
        var end: Result<Void, any Error>?
        /// Fulfilled when there is room again for more of the answer.
        var room: EventLoopPromise<Void>?
        var writer: HTTPClient.Body.StreamWriter?
        /// Fulfilled when the request is sent, or need not be sent further.
        var uploaded: EventLoopPromise<Void>?
        var unsentPieces = 0
        var isAbandoned = false
        var receivedBytes = 0
        /// Whether the answer came, and was a refusal, before the request was sent.
        ///
        /// Why: the client then tells no end of the answer, for it waits for that of the request; and if that were told
        /// short of what was announced, it would take it for a failure of ours. So the length that the server announces
        /// counts.
        var isRefusedEarly = false

        var isRefused: Bool { end == nil && (head?.status ?? 200) >= 300 }
        /// Whether nothing more is to be waited for after an early refusal.
        var isEndOfRefusal: Bool {
            isRefusedEarly && receivedBytes >= (head?.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0)
        }
    }

    /// Pieces of the answer, of 64 KiB at most, that wait for the thread.
    private static let capacity = 16
    /// Pieces of the request on their way to the socket.
    private static let unsentLimit = 2

    /// What is cheaper to read to its end than a new connection.
    private static let worthwhileBytes = 64 << 10

    private let monitor = Monitor(State())
    private let answersHead: Bool

    /// - Parameter answersHead: whether the request is of the method `HEAD`, whose answers have no body.
    init(answersHead: Bool) { self.answersHead = answersHead }

    // MARK: On the event loop

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        monitor.update { $0.head = Head(status: Int(head.status.code), headers: head.headers) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let room: EventLoopFuture<Void>? = monitor.update { state in
            guard !state.isAbandoned else { return nil }
            state.body.push(buffer)
            state.count += 1
            state.receivedBytes += buffer.readableBytes
            guard state.count >= Self.capacity else { return nil }
            let promise = task.eventLoop.makePromise(of: Void.self)
            state.room = promise
            return promise.futureResult
        }
        return room ?? task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) throws { end(.success(())) }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) { end(.failure(error)) }

    /// The connection is ready for the request's body.
    ///
    /// - Returns: a future that says when it is sent.
    func beginUpload(_ writer: HTTPClient.Body.StreamWriter, on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let hasEnded = monitor.update { state in
            if state.end == nil {
                state.writer = writer
                state.uploaded = promise
            }
            return state.end != nil
        }
        if hasEnded { promise.fail(CancellationError()) }
        return promise.futureResult
    }

    /// Nothing more comes. May be told several times; the first counts.
    func end(_ result: Result<Void, any Error>) {
        let promises = monitor.update { state in
            if state.end == nil { state.end = result }
            state.writer = nil
            defer {
                state.room = nil
                state.uploaded = nil
            }
            return [state.room, state.uploaded]
        }
        for promise in promises { promise?.succeed(()) }
    }

    // MARK: On the thread

    /// Waits until a piece of the request may be sent, and hands it to the event loop; the last one together with the
    /// end of the request, so that no answer comes between the two.
    ///
    /// - Returns: `false` if the answer does not want it: it is a refusal, or the connection is gone.
    func upload(_ buffer: ByteBuffer, isLast: Bool, on eventLoop: any EventLoop) -> Bool {
        let goesOn = monitor.wait { state -> Bool? in
            if state.isRefused { state.isRefusedEarly = true }
            if state.end != nil || state.isRefusedEarly { return false }
            guard state.writer != nil, state.unsentPieces < Self.unsentLimit else { return nil }
            state.unsentPieces += 1
            return true
        }
        if goesOn { eventLoop.execute { self.write(buffer, isLast: isLast) } }
        return goesOn
    }

    private func write(_ buffer: ByteBuffer, isLast: Bool) {
        let (writer, finish) = monitor.update { state -> (HTTPClient.Body.StreamWriter?, EventLoopPromise<Void>?) in
            if state.isRefused { state.isRefusedEarly = true }
            guard state.end == nil, !state.isRefusedEarly else { return (nil, nil) }
            guard isLast else { return (state.writer, nil) }
            defer { state.uploaded = nil }
            return (state.writer, state.uploaded)
        }
        writer?.write(.byteBuffer(buffer)).whenComplete { _ in self.monitor.update { $0.unsentPieces -= 1 } }
        finish?.succeed(())
    }

    /// Waits for the head of the answer.
    func head() throws -> Head {
        let result: Result<Head, any Error> = monitor.wait { state in
            if let head = state.head { return .success(head) }
            switch state.end {
            case .failure(let error): return .failure(error)
            case .success: return .failure(HTTPClientError.remoteConnectionClosed)
            case nil: return nil
            }
        }
        return try result.get()
    }

    /// Waits for the next piece of the answer; `nil` at its end.
    func next() throws -> ByteBuffer? {
        let (result, room): (Result<ByteBuffer?, any Error>, EventLoopPromise<Void>?) = monitor.wait { state in
            if let buffer = state.body.pop() {
                state.count -= 1
                // Half empty: so the loop is not woken for every piece.
                guard state.count <= Self.capacity / 2 else { return (.success(buffer), nil) }
                defer { state.room = nil }
                return (.success(buffer), state.room)
            }
            return state.isEndOfRefusal ? (.success(nil), nil) : state.end.map { ($0.map { nil }, nil) }
        }
        room?.succeed(())
        return try result.get()
    }

    /// Whether the answer has ended, or what is left of it is less than what a new connection costs.
    var isNearlyOver: Bool {
        monitor.update { state in
            if state.end != nil { return true }
            guard let head = state.head, !state.isRefusedEarly, state.uploaded == nil else { return false }
            let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) }
            return answersHead || announced.map { $0 - state.receivedBytes <= Self.worthwhileBytes } ?? false
        }
    }

    /// Nobody takes any more.
    func abandon() {
        let room = monitor.update { state in
            state.isAbandoned = true
            state.body = Queue()
            defer { state.room = nil }
            return state.room
        }
        room?.succeed(())
    }
}
