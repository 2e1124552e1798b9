internal import NIOHTTP1
internal import StorageModel

/// One upload (distribution specification, "Pushing Blobs"): as a whole in one request, and if that breaks off or is
/// refused, the rest in chunks from where the registry says it is.
struct BlobUpload {
    private let source: BlobSource
    private let reference: ImageReference
    private let endpoint: Endpoint
    private let exchange: Exchange
    private let checkpoint: Checkpoint
    private let mark: ProgressMark

    /// A broken chunk costs no more than this again.
    private static let chunkBytes: UInt64 = 32 << 20

    /// An upload that the registry has begun.
    private struct Session {
        /// Where the next request goes; every answer may tell another place.
        var location: WebAddress
        /// How much the registry has.
        var offset: UInt64
    }

    private enum Step {
        case done
        /// The registry has lost the session, or never takes it as a whole.
        case again(StorageError)
    }

    init(
        _ source: BlobSource, _ reference: ImageReference, _ endpoint: Endpoint, _ exchange: Exchange,
        _ checkpoint: Checkpoint
    ) {
        self.source = source
        self.reference = reference
        self.endpoint = endpoint
        self.exchange = exchange
        self.checkpoint = checkpoint
        mark = ProgressMark(checkpoint.progress)
    }

    private var size: UInt64 { source.blob.sizeBytes }
    private var digest: String { source.blob.digest.description }
    private var doing: String { "push blob \(source.blob.digest.short) to '\(reference)'" }

    mutating func run(mountingFrom other: String?) throws(StorageError) -> PushOutcome {
        var begun = try begin(mountingFrom: other)
        guard begun != nil else {
            mark.reach(size)
            return .mounted
        }
        var takesWhole = true
        var failures = 0
        while true {
            var session: Session
            if let current = begun { session = current } else { session = try beginAnew() }
            begun = nil
            let step = takesWhole ? try whole(&session) : try chunks(&session)
            guard case .again(let error) = step else { return .uploaded }
            takesWhole = false
            failures += 1
            guard failures < exchange.patience.attempts else { throw error }
            try Pause.milliseconds(
                exchange.patience.pauseMilliseconds(afterFailures: failures), until: checkpoint.interruption)
        }
    }

    // MARK: Beginning

    /// - Returns: `nil` if the blob was mounted.
    private func begin(mountingFrom other: String?) throws(StorageError) -> Session? {
        guard let other else { return try beginAnew() }
        let address = endpoint.uploads(reference.repository).adding(query: "mount", digest).adding(query: "from", other)
        let target = Target.push(reference.repository, mountingFrom: other)
        let response = try open(OutgoingRequest(.POST, address), target)
        switch response.status {
        case 201: return nil
        case 202: return Session(location: try location(of: response), offset: 0)
        // A mount is an attempt to save work; what refuses it may still take the blob itself.
        default: return try beginAnew()
        }
    }

    private func beginAnew() throws(StorageError) -> Session {
        let response = try open(OutgoingRequest(.POST, endpoint.uploads(reference.repository)))
        guard response.status == 202 else { throw refusal(response) }
        return Session(location: try location(of: response), offset: 0)
    }

    // MARK: Sending

    private func whole(_ session: inout Session) throws(StorageError) -> Step {
        let response: IncomingResponse
        do throws(TransportFailure) {
            let request = upload(.PUT, session.location.adding(query: "digest", digest), Self.octets, 0..<size)
            response = try exchange.open(
                request, at: endpoint, .push(reference.repository), attempts: 1, until: checkpoint.interruption)
        } catch {
            guard error.isTransient else { throw error.error }
            return try resume(&session, after: error.error)
        }
        switch response.status {
        case 201:
            mark.reach(size)
            return .done
        // Too large in one request, not allowed in one, or an overloaded or forgetful server.
        case 404, 405, 411, 413, 416, 429, 500...: return .again(refusal(response))
        default: throw refusal(response)
        }
    }

    /// Goes on with what the registry has of a session; begins anew if it has lost it.
    private func resume(_ session: inout Session, after error: StorageError) throws(StorageError) -> Step {
        try Pause.milliseconds(exchange.patience.pauseMilliseconds(afterFailures: 1), until: checkpoint.interruption)
        guard try askOffset(&session) else { return .again(error) }
        return try chunks(&session)
    }

    /// Asks how much the registry has (`GET` of the session's place).
    ///
    /// - Returns: `false` if it does not know the session any more.
    private func askOffset(_ session: inout Session) throws(StorageError) -> Bool {
        let response = try open(OutgoingRequest(.GET, session.location))
        guard response.status == 204 || response.status == 200 else { return false }
        session.location = try location(of: response, else: session.location)
        guard let offset = Self.offset(from: response["Range"]), offset <= size else { return false }
        session.offset = offset
        return true
    }

    /// How much `0-LAST` stands for. An empty upload has the range `0-0` at some registries and `0--1` at others; a
    /// single byte cannot be told from it, and is sent again.
    private static func offset(from header: String?) -> UInt64? {
        guard let header, let dash = header.firstIndex(of: "-") else { return 0 }
        let first = header[..<dash].replacing("bytes=", with: "")
        guard first == "0" else { return nil }
        let last = header[header.index(after: dash)...]
        if last == "-1" || last == "0" { return 0 }
        return UInt64(last).flatMap { $0 < UInt64.max ? $0 + 1 : nil }
    }

    private func chunks(_ session: inout Session) throws(StorageError) -> Step {
        var failures = 0
        mark.reach(session.offset)
        while session.offset < size {
            let range = session.offset..<min(size, session.offset + Self.chunkBytes)
            let result = try send(range, &session)
            guard case .again(let error) = result else {
                failures = 0
                continue
            }
            failures += 1
            guard failures < exchange.patience.attempts else { throw error }
            try Pause.milliseconds(
                exchange.patience.pauseMilliseconds(afterFailures: failures), until: checkpoint.interruption)
            guard try askOffset(&session) else { return .again(error) }
        }
        return try finish(session)
    }

    /// Sends one chunk and learns where the registry is then.
    private func send(_ range: Range<UInt64>, _ session: inout Session) throws(StorageError) -> Step {
        let response: IncomingResponse
        do throws(TransportFailure) {
            response = try openChunk(range, session.location)
        } catch {
            guard error.isTransient else { throw error.error }
            return .again(error.error)
        }
        guard response.status == 202 else {
            let error = refusal(response)
            guard [404, 416, 429, 500, 502, 503, 504].contains(response.status) else { throw error }
            return .again(error)
        }
        session.location = try location(of: response, else: session.location)
        let told = Self.offset(from: response["Range"]) ?? range.upperBound
        // A registry that does not say how far it is has what was sent.
        session.offset = told > range.lowerBound && told <= size ? told : range.upperBound
        mark.reach(session.offset)
        return .done
    }

    private func openChunk(
        _ range: Range<UInt64>, _ location: WebAddress
    ) throws(TransportFailure) -> IncomingResponse {
        let headers = Self.octets + [(name: "Content-Range", value: "\(range.lowerBound)-\(range.upperBound - 1)")]
        let request = upload(.PATCH, location, headers, range)
        return try exchange.open(
            request, at: endpoint, .push(reference.repository), attempts: 1, until: checkpoint.interruption)
    }

    private func upload(
        _ method: HTTPMethod, _ address: WebAddress, _ headers: [(name: String, value: String)], _ range: Range<UInt64>
    ) -> OutgoingRequest {
        var request = OutgoingRequest(method, address, headers: headers, body: source.body(range))
        request.sent = { [mark, start = source.startOffset] place in mark.reach(place - start) }
        return request
    }

    private func finish(_ session: Session) throws(StorageError) -> Step {
        let response = try open(OutgoingRequest(.PUT, session.location.adding(query: "digest", digest)))
        switch response.status {
        case 201: return .done
        case 404, 416: return .again(refusal(response))
        default: throw refusal(response)
        }
    }

    // MARK: Answers

    private static let octets: [(name: String, value: String)] = [("Content-Type", "application/octet-stream")]

    private func open(_ request: OutgoingRequest, _ target: Target? = nil) throws(StorageError) -> IncomingResponse {
        do throws(TransportFailure) {
            return try exchange.open(
                request, at: endpoint, target ?? .push(reference.repository), until: checkpoint.interruption)
        } catch {
            throw error.error
        }
    }

    private func location(
        of response: IncomingResponse, else known: WebAddress? = nil
    ) throws(StorageError) -> WebAddress {
        if let location = response["Location"].flatMap({ response.address.resolving($0) }) {
            guard location.origin.isEncrypted || !endpoint.origin.isEncrypted else {
                throw StorageError(
                    .system, object: reference.description,
                    "'\(endpoint.origin)' wants the upload at '\(location.origin)' without encryption")
            }
            return location
        }
        if let known { return known }
        throw StorageError(
            .system, object: reference.description, "'\(endpoint.origin)' does not say where to send the upload")
    }

    /// A registry that finds another digest says so with 400 and `DIGEST_INVALID`.
    private func refusal(_ response: IncomingResponse) -> StorageError {
        let error = response.refusal(doing: doing, object: reference.description, registry: reference.registry)
        guard response.status == 400, error.causes.contains(where: { $0.hasPrefix("DIGEST_INVALID") }) else {
            return error
        }
        return StorageError(
            .damaged, object: reference.description, "cannot \(doing): the file is not what its digest says",
            causes: error.causes)
    }
}

extension BlobSource {
    fileprivate func body(_ range: Range<UInt64>) -> OutgoingRequest.Body {
        range.isEmpty ? .bytes([]) : .file(file, place(range))
    }
}
