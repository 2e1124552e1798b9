internal import StorageModel

/// Prints an error on standard error: text for people, one JSON object per error for scripts.
struct ErrorReport {
    let asJSON: Bool

    func print(_ error: StorageError) {
        StandardError.write(asJSON ? json(error).compactText + "\n" : Self.text(error))
    }

    /// The message, the faulty text with a mark below the fault, the chain of causes and what to do next, one line each.
    static func text(_ error: StorageError) -> String {
        var lines = ["holdfast: " + error.message]
        if let excerpt = error.excerpt { lines += excerpt.markedLines.map { "    " + $0 } }
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
                "excerpt": error.excerpt.map(Self.json) ?? .null,
            ]
        ]
    }

    private static func json(_ excerpt: TextExcerpt) -> JSONValue {
        [
            "text": .string(excerpt.text), "offsetBytes": .integer(Int64(excerpt.offsetBytes)),
            "lengthBytes": .integer(Int64(excerpt.lengthBytes)),
        ]
    }
}

extension TextExcerpt {
    /// The text, and below it a line that marks the part. A long text is cut on both sides of it.
    var markedLines: [String] {
        let (before, part, after) = pieces
        let (limitBefore, limitPart, limitAfter) = (60, 80, 40)
        let isCut = before.count > limitBefore
        let shownBefore = (isCut ? "…" : "") + String(before.suffix(limitBefore)).printable()
        let shownPart = String(part).printable(limit: limitPart)
        let mark = String(repeating: "^", count: max(1, shownPart.displayWidth))
        return [
            shownBefore + shownPart + String(after).printable(limit: limitAfter),
            String(repeating: " ", count: shownBefore.displayWidth) + mark,
        ]
    }
}
