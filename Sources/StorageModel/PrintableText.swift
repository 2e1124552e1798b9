extension String {
    /// The text with every control character and invalid byte replaced by an escape (`\n`, `\x1b`), safe for a terminal.
    ///
    /// - Parameter limit: at most so many characters, the rest replaced by an ellipsis.
    public func printable(limit: Int = .max) -> String {
        var result = ""
        var count = 0
        for scalar in unicodeScalars {
            guard count < limit else { return result + "…" }
            count += 1
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar.isDirectionControl:
                result += "\\x{" + String(scalar.value, radix: 16) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Characters that reorder or hide text on a terminal.
    fileprivate var isDirectionControl: Bool {
        (0x200b...0x200f).contains(value) || (0x202a...0x202e).contains(value) || (0x2066...0x2069).contains(value)
    }
}
