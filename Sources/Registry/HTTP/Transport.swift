internal import AsyncHTTPClient
internal import CLinux
internal import FileTree
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import StorageModel

/// Sends requests and takes answers, one after the other on as many threads as call it: the HTTP client behind a
/// synchronous door. It follows no redirect, knows no credentials and tries nothing twice; that is for those above.
final class Transport: Sendable {
    private let client: HTTPClient
    /// For what goes through the proxy.
    private let proxied: HTTPClient?
    private let proxy: RegistryProxy?
    private let group: MultiThreadedEventLoopGroup
    private let isClosed = Monitor(false)

    /// What is read from a file at once for an upload.
    private static let pieceBytes = 256 << 10

    /// The modules that nsswitch.conf(5) may name are of the host's C library, which need not be the one in this binary:
    /// loading one can end the process.
    private static let resolvesWithoutModules = holdfast_resolve_without_modules() == 0

    init(_ patience: RegistryPatience, proxy: RegistryProxy? = nil) {
        _ = Self.resolvesWithoutModules
        // Why one: it only moves bytes, hashing and disk are the callers' threads'. And with several, the client's
        // request and its connection may live on different loops, where an answer that overtakes the end of an upload
        // is a race that the client (1.37) answers by ending the process.
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: .milliseconds(patience.connectMilliseconds), read: .milliseconds(patience.idleMilliseconds)),
            decompression: .disabled)
        // Each download has a connection of its own: one slow blob holds up no other.
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        // A refused connection is an answer. Who waits, and how long, is decided above.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        self.proxy = proxy
        guard let proxy else {
            proxied = nil
            return
        }
        var authorization: HTTPClient.Authorization?
        if case .password(let user, let secret) = proxy.credential {
            authorization = .basic(username: user, password: secret)
        }
        configuration.proxy = .server(host: proxy.host, port: proxy.port, authorization: authorization)
        proxied = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    private func client(for origin: WebAddress.Origin) -> HTTPClient {
        guard let proxy, let proxied, proxy.applies(to: origin) else { return client }
        return proxied
    }

    deinit { close() }

    /// Ends the connections and the threads. May be called again.
    func close() {
        let isFirst = isClosed.update { state in
            defer { state = true }
            return !state
        }
        guard isFirst else { return }
        // They fail only if they were shut down before.
        try? client.syncShutdown()
        try? proxied?.syncShutdown()
        try? group.syncShutdownGracefully()
    }

    /// Sends a request and waits for the head of the answer. The body of a file is read by the calling thread.
    func open(
        _ request: OutgoingRequest, until interruption: Interruption
    ) throws(TransportFailure) -> IncomingResponse {
        let origin = request.address.origin
        let collector = ResponseCollector(answersHead: request.method == .HEAD)
        let running: RunningRequest
        do {
            running = RunningRequest(
                try make(request, collector), collector, by: client(for: origin), until: interruption)
        } catch {
            throw TransportFailure(error, from: origin)
        }
        do throws(StorageError) {
            try send(request, through: collector)
        } catch {
            throw TransportFailure(error, isTransient: false)
        }
        do {
            return IncomingResponse(try collector.head(), from: request.address, running)
        } catch {
            throw TransportFailure(error, from: origin)
        }
    }

    private func make(_ request: OutgoingRequest, _ collector: ResponseCollector) throws -> HTTPClient.Request {
        var headers = HTTPHeaders([("User-Agent", "holdfast")])
        for (name, value) in request.headers { headers.add(name: name, value: value) }
        let body: HTTPClient.Body?
        switch request.body {
        case .none: body = nil
        case .bytes(let bytes): body = .byteBuffer(ByteBuffer(bytes: bytes))
        case .file(_, let range):
            body = .stream(contentLength: Int64(range.count)) { [group] writer in
                collector.beginUpload(writer, on: group.any())
            }
        }
        return try HTTPClient.Request(
            url: request.address.url, method: request.method, headers: headers, body: body)
    }

    private func send(_ request: OutgoingRequest, through collector: ResponseCollector) throws(StorageError) {
        guard case .file(let file, let range) = request.body else { return }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let count = Int(min(UInt64(Self.pieceBytes), range.upperBound - offset))
            var buffer = ByteBuffer()
            let result = Result { () throws(FileError) in
                try buffer.withRoom(count) { (room) throws(FileError) in
                    try file.descriptor.read(into: room, at: offset)
                }
            }
            switch result {
            case .failure(let error): throw StorageError(error, doing: "read what is to be uploaded", object: "")
            case .success(let filled) where filled < count:
                throw StorageError(.truncated, "the file that is uploaded has become shorter meanwhile")
            case .success: break
            }
            offset += UInt64(count)
            guard collector.upload(buffer, isLast: offset == range.upperBound, on: group.any()) else { return }
            request.sent?(offset)
        }
    }
}

extension ByteBuffer {
    /// Lets `body` fill the next `count` bytes, keeping the type of what it throws.
    fileprivate mutating func withRoom(
        _ count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(FileError) -> Int
    ) throws(FileError) -> Int {
        var result: Result<Int, FileError> = .success(0)
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
            do throws(FileError) {
                let filled = try body(UnsafeMutableRawBufferPointer(rebasing: room.prefix(count)))
                result = .success(filled)
                return filled
            } catch {
                result = .failure(error)
                return 0
            }
        }
        return try result.get()
    }
}
