internal import StorageModel

/// The variables of a compose file, and how they are replaced: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
/// `${NAME:?message}`, `${NAME?message}`, `${NAME:+other}`, `${NAME+other}`, and `$$` for a `$`.
///
/// With a colon an empty variable counts as missing. Defaults may contain variables.
final class ComposeVariables {
    private let values: [String: String]
    /// The variables that are not set and have no default, in the order in which they were met.
    private(set) var missing: [String] = []
    private var known: Set<String> = []
    private static let limitDepth = 50

    init(_ values: [String: String]) { self.values = values }

    subscript(name: String) -> String? { values[name] }

    /// The text with its variables replaced.
    func replace(in text: String, at place: ComposePlace) throws(StorageError) -> String {
        try replace(in: text[...], at: place, depth: 0)
    }

    private func replace(in text: Substring, at place: ComposePlace, depth: Int) throws(StorageError) -> String {
        guard depth < Self.limitDepth else {
            throw place.fault("the defaults of variables are nested too deeply", code: .limitExceeded)
        }
        var result = ""
        var rest = text.unicodeScalars
        while let dollar = rest.firstIndex(of: "$") {
            result += String(rest[..<dollar])
            rest = rest[rest.index(after: dollar)...]
            guard let next = rest.first else { throw invalid(text, place) }
            if next == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if next == "{" {
                guard let end = Self.closingBrace(of: rest) else { throw invalid(text, place) }
                let inside = rest[rest.index(after: rest.startIndex)..<end]
                result += try expand(Substring(inside), at: place, depth: depth)
                rest = rest[rest.index(after: end)...]
            } else {
                let name = Self.name(at: rest)
                guard !name.isEmpty else { throw invalid(text, place) }
                result += value(of: String(name))
                rest = rest[name.endIndex...]
            }
        }
        return result + String(rest)
    }

    /// What is between the braces: a name, and what is to be done if it is missing or there.
    private func expand(_ inside: Substring, at place: ComposePlace, depth: Int) throws(StorageError) -> String {
        let name = String(Self.name(at: inside.unicodeScalars))
        guard !name.isEmpty else { throw invalid(inside, place) }
        var operation = inside.dropFirst(name.count)
        if operation.isEmpty { return value(of: name) }
        let countsEmpty = operation.first == ":"
        if countsEmpty { operation = operation.dropFirst() }
        let found = values[name].flatMap { countsEmpty && $0.isEmpty ? nil : $0 }
        let argument = operation.dropFirst()
        switch operation.first {
        case "-":
            if let found { return found }
            return try replace(in: argument, at: place, depth: depth + 1)
        case "+": return found == nil ? "" : try replace(in: argument, at: place, depth: depth + 1)
        case "?":
            if let found { return found }
            let message = try replace(in: argument, at: place, depth: depth + 1)
            throw place.fault(
                "the variable \(name) must be set" + (message.isEmpty ? "" : ": \(message.printable(limit: 200))"),
                hint: "set it in the environment, or in the file .env beside the compose file")
        default: throw invalid(inside, place)
        }
    }

    private func value(of name: String) -> String {
        if let value = values[name] { return value }
        if known.insert(name).inserted { missing.append(name) }
        return ""
    }

    private func invalid(_ text: Substring, _ place: ComposePlace) -> StorageError {
        place.fault(
            "'\(String(text).printable(limit: 80))' is not a variable", hint: "write ${NAME}, or $$ for a dollar sign")
    }

    /// A letter or `_`, then letters, digits and `_`.
    private static func name(at text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
        guard let first = text.first, !("0"..."9").contains(first) else { return text.prefix(0) }
        return text.prefix { scalar in
            scalar == "_" || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
                || ("0"..."9").contains(scalar)
        }
    }

    /// The brace that closes the first one; those of variables in a default are passed.
    private static func closingBrace(of text: Substring.UnicodeScalarView) -> String.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
