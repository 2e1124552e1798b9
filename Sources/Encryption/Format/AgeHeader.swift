internal import StorageModel

/// The text at the beginning of an age file: a version, a stanza for each recipient, and a code that authenticates both.
///
/// Source: C2SP, age.md, "Header". What is not exactly of that grammar is refused.
struct AgeHeader {
    let stanzas: [Stanza]
    let authenticationCode: [UInt8]
    /// What the code authenticates: everything up to and with `---`.
    let authenticated: [UInt8]
    /// The header's whole length.
    let lengthBytes: Int

    static let version = Array("age-encryption.org/v1".utf8)
    private static let end = Array("---".utf8)
    private static let codeLength = 32
    /// What a reader accepts; room for thousands of recipients.
    static let limitBytes = 1 << 20

    /// A new header, authenticated by the file key.
    static func encode(_ stanzas: [Stanza], _ key: FileKey) -> [UInt8] {
        let authenticated = version + [UInt8(ascii: "\n")] + stanzas.flatMap { $0.encoded() } + end
        let code = CanonicalBase64.encode(key.authenticationCode(of: authenticated))
        return authenticated + [UInt8(ascii: " ")] + code + [UInt8(ascii: "\n")]
    }

    /// Takes a header from the beginning of a file.
    ///
    /// - Parameter isWhole: whether these bytes are all there are.
    /// - Returns: `nil` if more bytes are needed.
    /// - Throws: ``AgeFault`` if they do not begin a file of the format.
    static func parse(_ bytes: [UInt8], isWhole: Bool) throws(AgeFault) -> AgeHeader? {
        var lines = LineScanner(bytes, isWhole: isWhole)
        guard let first = try lines.next() else { return nil }
        guard first.elementsEqual(version) else { throw .format("is encrypted in an unknown version of age's format") }
        var stanzas: [Stanza] = []
        while true {
            let start = lines.position
            guard let line = try lines.next() else { return nil }
            if line.starts(with: end) {
                guard !stanzas.isEmpty else { throw .format("has an age header without recipients") }
                return AgeHeader(
                    stanzas: stanzas, authenticationCode: try code(line),
                    authenticated: Array(bytes[..<(start + end.count)]), lengthBytes: lines.position)
            }
            let (type, arguments) = try titles(line)
            guard let body = try body(&lines) else { return nil }
            stanzas.append(Stanza(type: type, arguments: arguments, body: body))
        }
    }

    private static func titles(_ line: ArraySlice<UInt8>) throws(AgeFault) -> (type: String, arguments: [String]) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count >= 2, words[0].elementsEqual(Array("->".utf8)),
            words.dropFirst().allSatisfy({ !$0.isEmpty && $0.allSatisfy { (0x21...0x7e).contains($0) } })
        else { throw .format("has an age header with a malformed stanza") }
        let texts = words.dropFirst().map { String(decoding: $0, as: UTF8.self) }
        return (texts[0], Array(texts.dropFirst()))
    }

    private static func body(_ lines: inout LineScanner) throws(AgeFault) -> [UInt8]? {
        var text: [UInt8] = []
        while true {
            guard let line = try lines.next() else { return nil }
            text += line
            guard line.count >= Stanza.lineLength else { break }
            guard line.count == Stanza.lineLength else {
                throw .format("has an age header with a line that is too long")
            }
        }
        guard let body = CanonicalBase64.decode(text) else {
            throw .format("has an age header whose base64 is not canonical")
        }
        return body
    }

    private static func code(_ line: ArraySlice<UInt8>) throws(AgeFault) -> [UInt8] {
        let text = line.dropFirst(end.count)
        guard text.first == UInt8(ascii: " "), let code = CanonicalBase64.decode(text.dropFirst()),
            code.count == codeLength
        else { throw .format("has an age header with a malformed authentication code") }
        return code
    }
}

/// Takes bytes apart at their line feeds.
private struct LineScanner {
    private let bytes: [UInt8]
    private let isWhole: Bool
    private(set) var position = 0

    init(_ bytes: [UInt8], isWhole: Bool) {
        self.bytes = bytes
        self.isWhole = isWhole
    }

    /// - Returns: `nil` if the line's end is not among the bytes yet.
    mutating func next() throws(AgeFault) -> ArraySlice<UInt8>? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            if isWhole || bytes.count > AgeHeader.limitBytes { throw .format("has an age header that does not end") }
            return nil
        }
        defer { position = end + 1 }
        return bytes[position..<end]
    }
}
