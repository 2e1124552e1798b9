/// A SHA-256 digest: 32 bytes.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    public static let lengthBytes = 32

    /// - Returns: `nil` unless there are exactly 32 bytes.
    @inlinable public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.lengthBytes else { return nil }
        self.bytes = Array(bytes)
    }

    /// Parses `sha256:` and 64 lower-case hexadecimal digits (OCI image specification, "Digests").
    ///
    /// - Returns: `nil` for anything else; so a digest that was parsed is always one safe path component.
    public init?(parsing text: some StringProtocol) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: text.dropFirst("sha256:".count))
    }

    /// Parses 64 lower-case hexadecimal digits; `nil` for anything else.
    public init?(hex text: some StringProtocol) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * Self.lengthBytes else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    /// 64 lower-case hexadecimal digits.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The first twelve hexadecimal digits, as Docker shows ids.
    public var short: String { String(hex.prefix(12)) }

    /// `sha256:` and the hexadecimal digits, as OCI writes digests.
    public var description: String { "sha256:" + hex }
}
