internal import FileTree
internal import NIOHTTP1

/// What is asked of a server.
struct OutgoingRequest: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// A range of a file, read while it is sent.
        case file(SharedDescriptor, Range<UInt64>)

        var count: UInt64 {
            switch self {
            case .none: 0
            case .bytes(let bytes): UInt64(bytes.count)
            case .file(_, let range): UInt64(range.count)
            }
        }
    }

    var method: HTTPMethod
    var address: WebAddress
    var headers: [(name: String, value: String)] = []
    var body = Body.none

    init(_ method: HTTPMethod, _ address: WebAddress, headers: [(name: String, value: String)] = [], body: Body = .none)
    {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }
}
