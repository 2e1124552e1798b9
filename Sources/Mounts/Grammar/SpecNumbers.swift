internal import StorageModel

// The numbers that occur in several flags.
extension SpecText {
    /// A size as Docker writes it: a number, a decimal one too, and k, m, g, t or p for multiples of 1024, with or without
    /// `b` or `ib` behind it (go-units, `RAMInBytes`).
    func size(_ part: Substring, value: String) throws(StorageError) -> UInt64 {
        let form = "write a number and a unit, as in 64m or 1.5g"
        var digits = value[...]
        var suffix = value.drop { ("0"..."9").contains($0) || $0 == "." }
        digits = digits[..<suffix.startIndex]
        if suffix.first == " " { suffix = suffix.dropFirst() }
        let unit = suffix.lowercased()
        let multiples = ["k": 10, "m": 20, "g": 30, "t": 40, "p": 50]
        let (letter, rest) = (String(unit.prefix(1)), unit.dropFirst())
        let isPlain = unit.isEmpty || unit == "b"
        guard isPlain || multiples[letter] != nil && ["", "b", "ib"].contains(rest),
            let shift = isPlain ? 0 : multiples[letter], let number = Double(String(digits)), number.isFinite,
            digits.first != ".", digits.last != "."
        else { throw fault(part, "\(part.quoted) is not a size", hint: form) }
        let bytes = number * Double(UInt64(1) << UInt64(shift))
        guard bytes < 0x1p62 else {
            throw fault(part, "the size \(part.quoted) is larger than any memory", hint: form)
        }
        // Whole numbers are not rounded, however large they are.
        if shift == 0, let exact = UInt64(String(digits)) { return exact }
        return UInt64(bytes)
    }

    /// Permission bits in octal.
    func mode(_ part: Substring, value: String) throws(StorageError) -> UInt16 {
        guard let mode = UInt16(value, radix: 8), mode <= 0o7777, value.utf8.first != UInt8(ascii: "+") else {
            throw fault(
                part, "the mode \(part.quoted) is not an octal number up to 7777", hint: "write it as in 1777 or 0700")
        }
        return mode
    }

    /// The number of a user or a group.
    func identity(_ part: Substring, value: String) throws(StorageError) -> UInt32 {
        guard let number = UInt32(value), number != .max, value.utf8.first != UInt8(ascii: "+") else {
            throw fault(
                part, "\(part.quoted) is not the number of a user or group", hint: "use a number from 0 to 4294967294")
        }
        return number
    }
}
