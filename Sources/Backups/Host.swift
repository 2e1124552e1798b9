internal import Glibc

/// This machine.
enum Host {
    /// The name of the host (`gethostname(2)`).
    static var name: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether owners can be set and devices made.
    static var isPrivileged: Bool { geteuid() == 0 }
}
