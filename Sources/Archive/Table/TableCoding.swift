/// Writes the fields of the table of contents: LEB128 integers, zigzag for signed ones, byte strings with their length.
struct TableEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func reset() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(signed value: Int64) { append(UInt64(bitPattern: value << 1 ^ value >> 63)) }

    mutating func append(byte: UInt8) { bytes.append(byte) }

    mutating func append(raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }

    mutating func append(string: some Collection<UInt8>) {
        append(UInt64(string.count))
        bytes.append(contentsOf: string)
    }

    mutating func append(pairs: [String: String]) {
        append(UInt64(pairs.count))
        for (key, value) in pairs.sorted(by: { $0.key < $1.key }) {
            append(string: key.utf8)
            append(string: value.utf8)
        }
    }
}

/// The table says something that cannot be.
struct TableFault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Reads what ``TableEncoder`` wrote, with every length checked before it is used.
struct TableDecoder {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func integer() throws(TableFault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try self.byte()
            guard shift < 63 || (shift == 63 && byte <= 1) else { throw TableFault("an integer is too long") }
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(TableFault) -> Value {
        guard let value = Value(exactly: try integer()) else { throw TableFault("an integer is out of range") }
        return value
    }

    mutating func signed() throws(TableFault) -> Int64 {
        let value = try integer()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func byte() throws(TableFault) -> UInt8 {
        guard position < bytes.count else { throw TableFault("it ends early") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func raw(_ count: Int) throws(TableFault) -> ArraySlice<UInt8> {
        guard count <= bytes.count - position else { throw TableFault("it ends early") }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    mutating func string() throws(TableFault) -> ArraySlice<UInt8> {
        let length = try integer()
        guard length <= UInt64(bytes.count - position) else { throw TableFault("it ends early") }
        return try raw(Int(length))
    }

    mutating func text() throws(TableFault) -> String {
        guard let text = String(validating: try string(), as: UTF8.self) else {
            throw TableFault("a text is not UTF-8")
        }
        return text
    }

    mutating func pairs() throws(TableFault) -> [String: String] {
        var result: [String: String] = [:]
        for _ in 0..<(try integer(UInt32.self)) { result[try text()] = try text() }
        return result
    }
}
