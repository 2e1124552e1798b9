internal import FoundationEssentials

/// An `http` or `https` URL (RFC 3986), taken apart: what decides where a request goes and what it may carry.
struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    /// Scheme, host and port: who answers (RFC 6454). Credentials never go from one to another.
    struct Origin: Hashable, Sendable, CustomStringConvertible {
        let isEncrypted: Bool
        /// Lower case; an IPv6 address without brackets.
        let host: String
        let port: Int

        var description: String {
            let name = host.contains(":") ? "[\(host)]" : host
            return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
        }

        /// Whether it is this machine: `localhost`, 127.0.0.0/8 or ::1.
        var isLoopback: Bool {
            if host == "localhost" || host == "::1" { return true }
            let parts = host.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        }
    }

    let origin: Origin
    /// From the first slash on, percent-encoded, without a fragment.
    let path: String
    /// Without the question mark; may hold secrets, so it is never printed.
    let query: String?

    init(_ origin: Origin, path: String, query: String? = nil) {
        self.origin = origin
        self.path = path
        self.query = query
    }

    /// - Returns: `nil` for what is not an absolute URL of one of the two schemes.
    init?(_ text: String) {
        guard let url = URL(string: text) else { return nil }
        self.init(url)
    }

    private init?(_ url: URL) {
        guard let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.host(percentEncoded: false)?.lowercased(), !host.isEmpty
        else { return nil }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65535).contains(port) else { return nil }
        origin = Origin(isEncrypted: scheme == "https", host: bare, port: port)
        let path = url.path(percentEncoded: true)
        self.path = path.isEmpty ? "/" : path
        query = url.query(percentEncoded: true)
    }

    /// The whole URL, to be sent.
    var url: String {
        let name = origin.host.contains(":") ? "[\(origin.host)]" : origin.host
        let authority = "\(origin.isEncrypted ? "https" : "http")://\(name):\(origin.port)"
        return authority + path + (query.map { "?\($0)" } ?? "")
    }

    /// What a `Location` header means here: an absolute URL, or one relative to this.
    func resolving(_ location: String) -> WebAddress? {
        guard let base = URL(string: url), let resolved = URL(string: location, relativeTo: base) else { return nil }
        return WebAddress(resolved.absoluteURL)
    }

    func adding(query name: String, _ value: String) -> WebAddress {
        let item = "\(name)=\(Self.escape(value))"
        return WebAddress(origin, path: path, query: query.map { $0.isEmpty ? item : "\($0)&\(item)" } ?? item)
    }

    /// Without the query, which may hold a signature.
    var description: String { "\(origin.isEncrypted ? "https" : "http")://\(origin)\(path)" }

    /// Percent-encodes everything but the unreserved characters (RFC 3986, 2.3).
    static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
