internal import NIOCore
internal import NIOHTTP1
internal import StorageModel

/// An answer: its head, and its body as far as it is asked for. Dropping it ends the request.
final class IncomingResponse {
    let head: ResponseCollector.Head
    let address: WebAddress
    private let running: RunningRequest

    init(_ head: ResponseCollector.Head, from address: WebAddress, _ running: RunningRequest) {
        self.head = head
        self.address = address
        self.running = running
    }

    var status: Int { head.status }

    /// The first header of that name.
    subscript(_ name: String) -> String? { head.headers.first(name: name) }

    /// The next piece of the body; `nil` at its end.
    ///
    /// - Throws: a failure if it broke off: an end that was not announced is none.
    func next() throws(TransportFailure) -> ByteBuffer? {
        do {
            return try running.collector.next()
        } catch {
            throw TransportFailure(error, from: address.origin)
        }
    }

    /// The whole body, if it is not larger than `limitBytes`.
    ///
    /// - Throws: ``StorageError/Code/limitExceeded`` before more memory than that is taken.
    func collect(limitBytes: Int, what: String) throws(TransportFailure) -> [UInt8] {
        let announced = self["Content-Length"].flatMap { Int($0) } ?? 0
        var bytes: [UInt8] = []
        guard announced <= limitBytes else { throw tooLarge(limitBytes, what) }
        bytes.reserveCapacity(announced)
        while let buffer = try next() {
            guard bytes.count + buffer.readableBytes <= limitBytes else { throw tooLarge(limitBytes, what) }
            bytes += buffer.readableBytesView
        }
        return bytes
    }

    private func tooLarge(_ limitBytes: Int, _ what: String) -> TransportFailure {
        TransportFailure(
            StorageError(
                .limitExceeded, object: what, "\(what) from '\(address.origin)' is larger than \(limitBytes) bytes"),
            isTransient: false)
    }
}
