internal import CLinux
internal import Glibc
internal import StorageModel

/// Finds the address of a host by its name (`getaddrinfo(3)`).
package enum HostAddress {
    /// A program that carries its C library with it cannot load the modules of nsswitch.conf(5).
    private static let resolvesWithoutModules = holdfast_resolve_without_modules() == 0

    /// The first address, of IP version 4 if there is one; an address is given back as it is.
    ///
    /// - Returns: `nil` and the resolver's words if there is none.
    package static func resolve(_ name: String) -> (address: String?, reason: String) {
        _ = resolvesWithoutModules
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(name, nil, &hints, &list)
        guard failure == 0 else {
            return (nil, gai_strerror(failure).map { String(cString: $0) } ?? "error \(failure)")
        }
        defer { freeaddrinfo(list) }
        var addresses: [(family: Int32, text: String)] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(text.count)
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, size, nil, 0, NI_NUMERICHOST) == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                addresses.append((entry.ai_family, String(decoding: bytes, as: UTF8.self)))
            }
            next = entry.ai_next
        }
        let best = addresses.first { $0.family == AF_INET } ?? addresses.first
        return (best?.text, "it has no address")
    }
}
