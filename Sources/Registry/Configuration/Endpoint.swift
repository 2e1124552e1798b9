internal import StorageModel

/// A server that speaks the distribution protocol: a registry, or a mirror of one.
struct Endpoint: Hashable, Sendable {
    /// The registry in whose place it answers, as in image names.
    let registry: String
    let origin: WebAddress.Origin
    let isMirror: Bool

    /// A mirror, from how the configuration writes it; `nil` if it is neither a host nor a URL of one.
    ///
    /// Plain HTTP is spoken to a mirror if its URL says so, or on this machine.
    static func mirror(_ text: String) -> Endpoint? {
        let hasScheme = text.hasPrefix("https://") || text.hasPrefix("http://")
        guard let address = WebAddress(hasScheme ? text : "https://\(text)"), address.path == "/", address.query == nil
        else { return nil }
        var origin = address.origin
        if !hasScheme && origin.isLoopback, let plain = WebAddress("http://\(text)") { origin = plain.origin }
        return Endpoint(registry: text, origin: origin, isMirror: true)
    }

    /// Something below `/v2/`, such as `library/alpine/manifests/latest`.
    func address(_ path: String) -> WebAddress { WebAddress(origin, path: "/v2/\(path)") }

    func manifest(_ repository: String, _ reference: String) -> WebAddress {
        address("\(repository)/manifests/\(reference)")
    }

    func blob(_ repository: String, _ digest: Digest) -> WebAddress { address("\(repository)/blobs/\(digest)") }

    func uploads(_ repository: String) -> WebAddress { address("\(repository)/blobs/uploads/") }
}
