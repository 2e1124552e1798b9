internal import StorageModel

/// Prints an error on standard error: text for people, one JSON object per error for scripts.
struct ErrorReport {
    let asJSON: Bool

    func print(_ error: StorageError) {
        StandardError.write(asJSON ? json(error).compactText + "\n" : Self.text(error))
    }

    /// The message, then the chain of causes and what to do next, one line each.
    static func text(_ error: StorageError) -> String {
        var lines = ["holdfast: " + error.message]
        lines += error.causes.map { "  because: " + $0 }
        if let hint = error.hint { lines.append("  hint: " + hint) }
        return lines.joined(separator: "\n") + "\n"
    }

    private func json(_ error: StorageError) -> JSONValue {
        [
            "error": [
                "code": .string(error.code.rawValue), "object": .string(error.object),
                "message": .string(error.message),
                "errno": error.errno.map { .string($0.name) } ?? .null, "hint": error.hint.map { .string($0) } ?? .null,
                "causes": .array(error.causes.map { .string($0) }),
            ]
        ]
    }
}
