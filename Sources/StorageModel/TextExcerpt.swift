/// A part of a text that somebody wrote, to point at: of a mount's spec, of a line of a file.
public struct TextExcerpt: Hashable, Sendable {
    /// The whole text, or the line.
    public let text: String
    /// Where the part begins, counted in bytes of UTF-8.
    public let offsetBytes: Int
    /// How long the part is; 0 for a place where something is missing.
    public let lengthBytes: Int

    public init(text: String, offsetBytes: Int, lengthBytes: Int) {
        self.text = text
        self.offsetBytes = offsetBytes
        self.lengthBytes = lengthBytes
    }

    /// A part of a text.
    ///
    /// - Parameter part: a substring of `text`; another one is looked for from its own beginning.
    public init(_ part: Substring, of text: String) {
        self.init(
            text: text, offsetBytes: text.utf8.distance(from: text.utf8.startIndex, to: part.startIndex),
            lengthBytes: part.utf8.count)
    }

    /// What comes before the part, the part, and what comes behind it.
    public var pieces: (before: Substring, part: Substring, after: Substring) {
        let bytes = text.utf8
        let start = bytes.index(bytes.startIndex, offsetBy: offsetBytes, limitedBy: bytes.endIndex) ?? bytes.endIndex
        let end = bytes.index(start, offsetBy: lengthBytes, limitedBy: bytes.endIndex) ?? bytes.endIndex
        return (text[..<start], text[start..<end], text[end...])
    }

    /// The number of the part's first character, from 1.
    public var character: Int { pieces.before.count + 1 }
}
