/// Names that nobody else has.
package enum RandomName {
    /// 128 random bits as 32 hexadecimal digits.
    package static func make() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        var name: [UInt8] = []
        name.reserveCapacity(32)
        for _ in 0..<2 {
            let word: UInt64 = generator.next()
            for shift in stride(from: 0, to: 64, by: 4) { name.append(digits[Int(word >> UInt64(shift) & 15)]) }
        }
        return name
    }
}
