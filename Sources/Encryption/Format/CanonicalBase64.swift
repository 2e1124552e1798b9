/// Base64 of RFC 4648 in its one canonical form: no other characters, and zero bits behind the last byte.
enum CanonicalBase64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: .max, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// Without padding.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 4 + 2) / 3)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | UInt32(index < group.count ? group[start + index] : 0) }
            for index in 0...group.count { output.append(alphabet[Int(bits >> (18 - 6 * UInt32(index)) & 63)]) }
        }
        return output
    }

    /// - Returns: `nil` if the text is not what ``encode(_:)`` makes of some bytes.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for character in text {
            let value = values[Int(character)]
            guard value != .max else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> bitCount))
                bits &= 1 << bitCount - 1
            }
        }
        // Six bits left over are a character that holds nothing of a byte.
        return bitCount < 6 && bits == 0 ? output : nil
    }

    /// As ``decode(_:)`` for text that is filled up to four characters with `=`.
    static func decodePadded(_ text: some BidirectionalCollection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var end = text.endIndex
        var paddingCount = 0
        while end > text.startIndex, text[text.index(before: end)] == UInt8(ascii: "=") {
            end = text.index(before: end)
            paddingCount += 1
        }
        guard paddingCount <= 2, let bytes = decode(text[..<end]) else { return nil }
        return (bytes.count + paddingCount).isMultiple(of: 3) ? bytes : nil
    }
}
