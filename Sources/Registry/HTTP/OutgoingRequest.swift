internal import FileTree
internal import NIOHTTP1

/// What is asked of a server.
struct OutgoingRequest: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// A range of a file, read while it is sent.
        case file(SharedDescriptor, Range<UInt64>)
    }

    var method: HTTPMethod
    var address: WebAddress
    var headers: [(name: String, value: String)] = []
    var body = Body.none
    /// Told up to which place in the file it is on its way.
    var sent: (@Sendable (UInt64) -> Void)?

    init(_ method: HTTPMethod, _ address: WebAddress, headers: [(name: String, value: String)] = [], body: Body = .none)
    {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }
}
