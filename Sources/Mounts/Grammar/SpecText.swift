internal import StorageModel

/// What follows one flag on the command line, and how a fault in it is told: once, with its place.
///
/// Parsers cut the text into substrings and never copy them, so that each of them knows where it stands.
struct SpecText {
    /// As it is written: `-v`, `--mount`; or what a file calls it.
    let flag: String
    let text: String

    var whole: Substring { text[...] }

    /// The error for a part of the text.
    ///
    /// - Parameters:
    ///   - part: a substring of ``text``; an empty one for a place where something is missing.
    ///   - reason: what is wrong with it, one clause that names it.
    ///   - hint: what to write instead.
    func fault(_ part: Substring, _ reason: String, hint: String? = nil) -> StorageError {
        let excerpt = TextExcerpt(part, of: text)
        return StorageError(
            .invalidInput, object: text, "\(flag), character \(excerpt.character): \(reason)", hint: hint,
            excerpt: excerpt)
    }

    /// The text between the colons.
    func sections() -> [Substring] { whole.split(separator: ":", omittingEmptySubsequences: false) }
}

extension Substring {
    /// As it is shown in a message: in quotation marks, control characters escaped, not too long.
    var quoted: String { "'\(String(self).printable(limit: 80))'" }

    /// What is before the first separator and what is behind it; `nil` behind if there is none.
    func cut(at separator: Character) -> (head: Substring, tail: Substring?) {
        guard let index = firstIndex(of: separator) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }
}
