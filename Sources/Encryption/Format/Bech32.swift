/// Bech32 (BIP 173) without its limit of length: the form of age's keys.
enum Bech32 {
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let generator: [UInt32] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
    private static let checksumLength = 6

    /// - Parameter prefix: lower case.
    static func encode(_ prefix: String, _ bytes: [UInt8]) -> String {
        let prefixBytes = Array(prefix.utf8)
        var values = regroup(bytes, from: 8, to: 5, fills: true) ?? []
        let sum = polymod(expand(prefixBytes) + values + [UInt8](repeating: 0, count: checksumLength)) ^ 1
        for index in 0..<checksumLength {
            values.append(UInt8(sum >> UInt32(5 * (checksumLength - 1 - index)) & 31))
        }
        return String(decoding: prefixBytes + [UInt8(ascii: "1")] + values.map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// - Returns: the prefix in the case in which it was written, and the bytes; `nil` if the text is not of the form: a
    ///   wrong checksum, both cases mixed, padding that is not zero.
    static func decode(_ text: String) -> (prefix: String, bytes: [UInt8])? {
        let bytes = Array(text.utf8)
        guard bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let hasUpper = bytes.contains { (0x41...0x5a).contains($0) }
        let hasLower = bytes.contains { (0x61...0x7a).contains($0) }
        guard !(hasUpper && hasLower) else { return nil }
        let lower = bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        guard let separator = lower.lastIndex(of: UInt8(ascii: "1")), separator > 0,
            lower.count - separator - 1 >= checksumLength
        else { return nil }
        var values: [UInt8] = []
        for character in lower[(separator + 1)...] {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            values.append(UInt8(value))
        }
        guard polymod(expand(Array(lower[..<separator])) + values) == 1,
            let content = regroup(Array(values.dropLast(checksumLength)), from: 5, to: 8, fills: false)
        else { return nil }
        return (String(decoding: bytes[..<separator], as: UTF8.self), content)
    }

    private static func expand(_ prefix: [UInt8]) -> [UInt8] { prefix.map { $0 >> 5 } + [0] + prefix.map { $0 & 31 } }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        var sum: UInt32 = 1
        for value in values {
            let top = sum >> 25
            sum = (sum & 0x1ff_ffff) << 5 ^ UInt32(value)
            for index in 0..<5 where top >> UInt32(index) & 1 == 1 { sum ^= generator[index] }
        }
        return sum
    }

    private static func regroup(_ values: [UInt8], from: UInt32, to: UInt32, fills: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for value in values {
            bits = (bits << from | UInt32(value)) & 0xfff
            bitCount += from
            while bitCount >= to {
                bitCount -= to
                result.append(UInt8(truncatingIfNeeded: bits >> bitCount & (1 << to - 1)))
            }
        }
        let rest = bits & (1 << bitCount - 1)
        if fills {
            if bitCount > 0 { result.append(UInt8(truncatingIfNeeded: rest << (to - bitCount))) }
            return result
        }
        return bitCount < from && rest == 0 ? result : nil
    }
}
