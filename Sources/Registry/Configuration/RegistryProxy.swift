internal import FoundationEssentials
package import StorageModel

/// The HTTP proxy through which encrypted connections leave this host (`CONNECT`), as the environment has it for every
/// tool.
///
/// `HTTPS_PROXY` is `[http://][USER:PASSWORD@]HOST[:PORT]`; `NO_PROXY` lists hosts, domains, addresses and IPv4
/// networks that are reached directly, with a port or without, or `*` for all. This machine is always reached directly,
/// and so is whatever is spoken to by plain HTTP. Lower-case names count where the upper-case ones are not set.
package struct RegistryProxy: Sendable {
    let host: String
    let port: Int
    let credential: Credential?
    private let exceptions: [String]

    /// - Returns: `nil` if the environment names no proxy.
    /// - Throws: ``StorageError/Code/invalidInput`` for what is no HTTP proxy; its text, which may hold a password, is
    ///   not in it.
    package init?(environment: [String: String]) throws(StorageError) {
        func variable(_ name: String) -> String {
            [name, name.lowercased()].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        }
        let text = variable("HTTPS_PROXY")
        if text.isEmpty { return nil }
        guard let url = URL(string: text.contains("://") ? text : "http://\(text)"), url.scheme?.lowercased() == "http",
            let address = WebAddress(url.absoluteString)
        else {
            throw StorageError(
                .invalidInput, object: "HTTPS_PROXY", "HTTPS_PROXY does not name an HTTP proxy",
                hint: "write http://HOST:PORT")
        }
        host = address.origin.host
        port = address.origin.port
        let user = url.user(percentEncoded: false) ?? ""
        credential =
            user.isEmpty ? nil : .password(user: user, secret: url.password(percentEncoded: false) ?? "")
        exceptions = variable("NO_PROXY").split(separator: ",").map { entry in
            String(entry.filter { $0 != " " }).lowercased()
        }
    }

    func applies(to origin: WebAddress.Origin) -> Bool {
        origin.isEncrypted && !origin.isLoopback && !exceptions.contains { Self.matches($0, origin) }
    }

    private static func matches(_ exception: String, _ origin: WebAddress.Origin) -> Bool {
        if exception == "*" { return true }
        if let network = Network(exception) { return IPv4(origin.host).map { network.contains($0) } ?? false }
        var name = exception[...]
        let parts = exception.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 2 {
            guard Int(parts[1]) == origin.port else { return false }
            name = parts[0]
        }
        if name.hasPrefix("*.") { name = name.dropFirst() }
        if name.hasPrefix(".") { return origin.host.hasSuffix(name) || origin.host == name.dropFirst() }
        return !name.isEmpty && (origin.host == name || origin.host.hasSuffix("." + name))
    }
}

/// An IPv4 address.
private struct IPv4 {
    let value: UInt32

    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let part else { return nil }
            value = value << 8 | UInt32(part)
        }
        self.value = value
    }
}

/// A network in CIDR notation, `10.0.0.0/8`.
private struct Network {
    private let address: IPv4
    private let mask: UInt32

    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4(parts[0]), let bits = UInt32(parts[1]), bits <= 32 else {
            return nil
        }
        self.address = address
        mask = bits == 0 ? 0 : UInt32.max << (32 - bits)
    }

    func contains(_ other: IPv4) -> Bool { other.value & mask == address.value & mask }
}
