internal import StorageModel

/// Why an age file cannot be read. The reason never holds a part of a key.
struct AgeFault: Error {
    enum Kind {
        /// The header, or the armor around the file, is not of the format.
        case format
        /// The header is sound, but no key that was given opens it.
        case noMatch
        /// The header is not the one that was written.
        case authentication
        /// A chunk of the payload is not what was written.
        case payload
        /// The payload ends before its end.
        case truncation
    }

    let kind: Kind
    /// The rest of a sentence that begins with the file's name.
    let reason: String
    let hint: String?

    init(_ kind: Kind, _ reason: String, hint: String? = nil) {
        self.kind = kind
        self.reason = reason
        self.hint = hint
    }

    static func format(_ reason: String) -> AgeFault { AgeFault(.format, reason) }

    /// The failure to read the file called `name`.
    func failure(of name: String) -> StorageError {
        let code: StorageError.Code =
            switch kind {
            case .format, .authentication, .payload: .damaged
            case .truncation: .truncated
            case .noMatch: .permissionDenied
            }
        return StorageError(
            code, object: name, "'\(name.printable())' \(reason)",
            hint: hint ?? (kind == .noMatch ? nil : "take another copy"))
    }
}
