/// Text for a shell.
enum ShellText {
    /// A word that a shell takes as these bytes and nothing else, and that is safe on a terminal: bash's `$'…'` for what is
    /// neither printable nor ASCII.
    static func quoted(_ bytes: [UInt8]) -> String {
        if !bytes.isEmpty, bytes.allSatisfy(isPlain) { return String(decoding: bytes, as: UTF8.self) }
        if bytes.allSatisfy({ (0x20...0x7e).contains($0) && $0 != UInt8(ascii: "'") }) {
            return "'" + String(decoding: bytes, as: UTF8.self) + "'"
        }
        return "$'" + bytes.map(escaped).joined() + "'"
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\\"): return "\\" + String(Character(Unicode.Scalar(byte)))
        case 0x20...0x7e: return String(Character(Unicode.Scalar(byte)))
        default:
            // Three octal digits always, as a digit may follow.
            let digits = String(byte, radix: 8)
            return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "/._-+,:@%".utf8.contains(byte)
        }
    }
}
