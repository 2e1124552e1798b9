internal import Glibc

/// Sockets on 127.0.0.1, by plain system calls.
enum LoopbackSocket {
    /// A listening socket on a free port.
    static func listen() throws -> (socket: CInt, port: Int) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard socket >= 0 else { throw SystemFailure("socket", "loopback") }
        let port: Int? = withAddress(0) { address, length in
            guard bind(socket, address, length) == 0, Glibc.listen(socket, 64) == 0 else { return nil }
            var length = length
            guard getsockname(socket, address, &length) == 0 else { return nil }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
        guard let port else {
            defer { close(socket) }
            throw SystemFailure("bind", "loopback")
        }
        return (socket, port)
    }

    /// - Returns: a connected socket; `nil` if nobody listens.
    static func connect(port: Int) -> CInt? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard socket >= 0 else { return nil }
        if withAddress(UInt16(port), { Glibc.connect(socket, $0, $1) }) == 0 { return socket }
        close(socket)
        return nil
    }

    /// A port that was free a moment ago.
    static func freePort() throws -> Int {
        let (socket, port) = try listen()
        close(socket)
        return port
    }

    /// Sends everything; `false` if the other side is gone.
    static func send(_ bytes: some Collection<UInt8>, to socket: CInt) -> Bool {
        let array = Array(bytes)
        var sent = 0
        while sent < array.count {
            let count = array.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// What is there, at most 64 KiB; `nil` at the end.
    static func receive(_ socket: CInt) -> [UInt8]? {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { room, filled in
                count = recv(socket, room.baseAddress, room.count, 0)
                filled = max(0, count)
            }
            if count < 0 && errno == EINTR { continue }
            return count > 0 ? bytes : nil
        }
    }

    /// Whoever closes it then makes the other side see a reset (`SO_LINGER` with no time).
    static func resetOnClose(_ socket: CInt) {
        var value = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
    }

    private static func withAddress<Result>(
        _ port: UInt16, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
