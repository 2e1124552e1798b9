/// One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1): a scheme and its parameters.
struct Challenge: Hashable, Sendable {
    /// Lower case.
    let scheme: String
    /// Names in lower case.
    let parameters: [String: String]

    /// Parses all challenges of the headers, as far as they are well-formed.
    static func parse(_ headers: [String]) -> [Challenge] { headers.flatMap { parse($0) } }

    private static func parse(_ header: String) -> [Challenge] {
        var scanner = HeaderScanner(header)
        var result: [Challenge] = []
        var scheme: String?
        var parameters: [String: String] = [:]
        func finish() {
            if let scheme { result.append(Challenge(scheme: scheme, parameters: parameters)) }
            parameters = [:]
        }
        while true {
            scanner.skip(" \t,")
            guard let word = scanner.word() else { break }
            scanner.skip(" \t")
            // A word with an equals sign is a parameter, one without begins the next challenge.
            if scheme != nil && scanner.take("=") {
                scanner.skip(" \t")
                guard let value = scanner.quoted() ?? scanner.word() else { break }
                parameters[word.lowercased()] = value
            } else {
                finish()
                scheme = word.lowercased()
            }
        }
        finish()
        return result
    }
}

/// Goes through a header's value.
private struct HeaderScanner {
    private var rest: Substring

    init(_ text: String) { rest = text[...] }

    mutating func skip(_ characters: String) {
        while let first = rest.first, characters.contains(first) { rest = rest.dropFirst() }
    }

    mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// A token, or what some servers send for one.
    mutating func word() -> String? {
        let word = rest.prefix { !" \t,=\"".contains($0) }
        rest = rest.dropFirst(word.count)
        return word.isEmpty ? nil : String(word)
    }

    mutating func quoted() -> String? {
        guard take("\"") else { return nil }
        var result = ""
        while let next = rest.first {
            rest = rest.dropFirst()
            if next == "\"" { return result }
            if next == "\\", let escaped = rest.first {
                rest = rest.dropFirst()
                result.append(escaped)
            } else {
                result.append(next)
            }
        }
        return nil
    }
}
