package import StorageModel

/// The text of one compose file, to point into it.
package final class ComposeSource: Sendable {
    /// As the user named it.
    package let name: String
    package let text: String
    /// What paths in it are relative to, if that is not the project's directory: absolute.
    package let directory: String?
    /// Absolute; `nil` for a text that is no file.
    package let path: String?

    package init(name: String, text: String, directory: String? = nil, path: String? = nil) {
        self.name = name
        self.text = text
        self.directory = directory
        self.path = path
    }

    /// The line of that number, from 1.
    func line(_ number: Int) -> String {
        let lines = text.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
        return lines.indices.contains(number - 1) ? String(lines[number - 1].prefix(2000)) : ""
    }
}

/// Where something is written in a compose file.
package struct ComposePlace: Sendable {
    package let source: ComposeSource
    /// From 1.
    package let line: Int
    /// From 1, in Unicode scalars.
    let column: Int

    /// `compose.yaml:12`
    package var words: String { "\(source.name.printable(limit: 200)):\(line)" }

    /// The error for what is written here.
    package func fault(
        _ reason: String, code: StorageError.Code = .invalidInput, hint: String? = nil
    ) -> StorageError {
        let text = source.line(line)
        let scalars = text.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: column - 1, limitedBy: scalars.endIndex)
        let part = text[(start ?? text.endIndex)...].prefix { $0 != "\r" }
        return StorageError(
            code, object: source.name, "\(words): \(reason)", hint: hint, excerpt: TextExcerpt(part, of: text))
    }
}
