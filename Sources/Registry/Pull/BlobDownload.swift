internal import NIOCore
internal import NIOHTTP1
internal import StorageModel

/// One blob from one server, with as many requests as it takes.
struct BlobDownload {
    private let reference: ImageReference
    private let endpoint: Endpoint
    private let exchange: Exchange
    private let mark: ProgressMark
    private let checkpoint: Checkpoint
    /// Whether the server has shown that it does not serve ranges.
    private var refusesRanges = false

    /// However far each answer gets: no more of them.
    private static let answerLimit = 200

    /// How an answer ended that did not bring the blob.
    private enum Fault: Error {
        /// Broken off, or refused in a way that another request avoids.
        case broken(StorageError)
        case failed(SourceFailure)
    }

    init(
        _ reference: ImageReference, _ endpoint: Endpoint, _ exchange: Exchange, _ mark: ProgressMark,
        _ checkpoint: Checkpoint
    ) {
        self.reference = reference
        self.endpoint = endpoint
        self.exchange = exchange
        self.mark = mark
        self.checkpoint = checkpoint
    }

    mutating func run(into sink: inout BlobSink) throws(SourceFailure) {
        var failures = 0
        for answer in 1...Self.answerLimit {
            let before = sink.offset
            do throws(Fault) {
                try attempt(&sink)
                return
            } catch {
                switch error {
                case .failed(let failure): throw failure
                case .broken(let error):
                    failures = sink.offset > before ? 1 : failures + 1
                    guard failures < exchange.patience.attempts, answer < Self.answerLimit else {
                        throw SourceFailure(error)
                    }
                }
            }
            do throws(StorageError) {
                try Pause.milliseconds(
                    exchange.patience.pauseMilliseconds(afterFailures: failures), until: checkpoint.interruption)
            } catch {
                throw SourceFailure(error, isFinal: true)
            }
        }
    }

    private mutating func attempt(_ sink: inout BlobSink) throws(Fault) {
        // Without ranges there is no way but from the start.
        if refusesRanges { sink.startOver() }
        var request = OutgoingRequest(.GET, endpoint.blob(reference.repository, sink.blob.digest))
        if sink.offset > 0 { request.headers.append((name: "Range", value: "bytes=\(sink.offset)-")) }
        let response: IncomingResponse
        do throws(TransportFailure) {
            response = try exchange.open(
                request, at: endpoint, .pull(reference.repository), until: checkpoint.interruption)
        } catch {
            throw .failed(SourceFailure(error))
        }
        try check(response, &sink)
        sink.beginPiece()
        try receive(response, &sink)
        try conclude(&sink)
    }

    /// Whether the answer continues where the file ends, or begins at the start.
    private mutating func check(_ response: IncomingResponse, _ sink: inout BlobSink) throws(Fault) {
        switch response.status {
        case 200: if sink.offset > 0 { sink.startOver() }
        case 206 where sink.offset > 0 && Self.continues(response["Content-Range"], sink): break
        case 206, 416:
            refusesRanges = true
            throw .broken(wrong(sink, "answers with another range than the one it was asked for"))
        default:
            let refusal = response.refusal(
                doing: "download blob \(sink.blob.digest.short) of '\(reference)'", object: reference.description,
                registry: endpoint.registry)
            throw .failed(SourceFailure(refusal))
        }
        if let announced = response["Content-Length"].flatMap({ UInt64($0) }), announced != sink.remainingBytes {
            throw .failed(
                SourceFailure(wrong(sink, "announces \(announced) bytes where \(sink.remainingBytes) are wanted")))
        }
    }

    /// `bytes FIRST-LAST/SIZE`, all three as they must be (RFC 9110, 14.4).
    private static func continues(_ header: String?, _ sink: BlobSink) -> Bool {
        let size = sink.blob.sizeBytes
        guard let header, size > 0 else { return false }
        let range = "bytes \(sink.offset)-\(size - 1)/"
        return header == range + "\(size)" || header == range + "*"
    }

    private func receive(_ response: IncomingResponse, _ sink: inout BlobSink) throws(Fault) {
        while true {
            let buffer: ByteBuffer?
            do throws(TransportFailure) {
                buffer = try response.next()
            } catch {
                guard error.isTransient else { throw .failed(SourceFailure(error, isFinal: true)) }
                throw .broken(error.error)
            }
            guard let buffer else { return }
            guard UInt64(buffer.readableBytes) <= sink.remainingBytes else {
                throw .failed(SourceFailure(wrong(sink, "sends more than \(sink.blob.sizeBytes) bytes")))
            }
            do throws(StorageError) {
                try checkpoint.interruption.check()
                try sink.write(buffer)
            } catch {
                throw .failed(SourceFailure(error, isFinal: true))
            }
            mark.reach(sink.offset)
        }
    }

    private func conclude(_ sink: inout BlobSink) throws(Fault) {
        guard sink.isComplete else { throw .broken(wrong(sink, "ends after \(sink.offset) bytes")) }
        let isGood: Bool
        do throws(StorageError) {
            isGood = try sink.verify()
        } catch {
            throw .failed(SourceFailure(error, isFinal: true))
        }
        if isGood { return }
        let error = wrong(sink, "is not what its digest says")
        let isPatchwork = sink.pieces > 1
        sink.startOver()
        // What was put together from several pieces may owe its fault to an earlier one: once more, in one piece.
        throw isPatchwork ? .broken(error) : .failed(SourceFailure(error))
    }

    private func wrong(_ sink: BlobSink, _ what: String) -> StorageError {
        StorageError(
            .damaged, object: reference.description,
            "blob \(sink.blob.digest.short) of '\(reference)' from '\(endpoint.origin)' \(what)",
            hint: "try again; if it stays so, the registry's copy is damaged", causes: ["it is \(sink.blob.digest)"])
    }
}
