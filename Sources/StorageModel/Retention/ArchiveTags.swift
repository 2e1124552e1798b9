/// What users tag archives with.
public enum ArchiveTags {
    private static let limitBytes = 255
    private static let countLimit = 64

    /// Checks tags and puts them in order, each once.
    ///
    /// - Throws: ``StorageError/Code/invalidInput`` for a tag that is empty, has a comma (which parts tags in a policy), a
    ///   blank at an end or a control character, or is long.
    public static func parse(_ texts: [String]) throws(StorageError) -> [String] {
        for text in texts {
            let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f && $0 != "," }
            guard !text.isEmpty, text.utf8.count <= limitBytes, isPlain, text.first != " ", text.last != " " else {
                throw StorageError(
                    .invalidInput, object: text, "'\(text.printable(limit: 80))' is not a tag",
                    hint: "a tag has 1 to \(limitBytes) bytes, no comma, no control characters, and no blank at an end")
            }
        }
        let tags = Set(texts).sorted()
        guard tags.count <= countLimit else {
            throw StorageError(.invalidInput, "\(tags.count) tags are more than the \(countLimit) an archive can have")
        }
        return tags
    }
}
