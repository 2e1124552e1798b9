/// One recipient's part of an age header: a type, arguments, and a body that holds the file key in a form that only that
/// recipient can open.
struct Stanza: Hashable, Sendable {
    let type: String
    let arguments: [String]
    let body: [UInt8]

    static let lineLength = 64

    func encoded() -> [UInt8] {
        var output = Array((["->", type] + arguments).joined(separator: " ").utf8)
        output.append(UInt8(ascii: "\n"))
        let text = CanonicalBase64.encode(body)
        // The last line is always shorter than the others, be it empty.
        for start in stride(from: 0, through: text.count, by: Self.lineLength) {
            output += text[start..<min(start + Self.lineLength, text.count)]
            output.append(UInt8(ascii: "\n"))
        }
        return output
    }
}
