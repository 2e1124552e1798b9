internal import StorageModel

/// The file `.env` beside a compose file: `NAME=value` lines (compose-go, `dotenv`).
///
/// Values in double quotation marks have escapes, those and bare ones variables of the environment and of earlier lines;
/// values in single ones are taken as they are. `#` begins a comment; a quoted value may go over several lines.
struct EnvironmentFile {
    private let source: ComposeSource
    private var rest: Substring
    private var line = 1
    private var values: [String: String] = [:]
    private let environment: [String: String]

    /// - Parameter environment: what counts more than the file.
    static func parse(_ source: ComposeSource, environment: [String: String]) throws(StorageError) -> [String: String] {
        var file = EnvironmentFile(source, environment)
        while try file.takeLine() {}
        return file.values
    }

    private init(_ source: ComposeSource, _ environment: [String: String]) {
        self.source = source
        self.environment = environment
        rest = source.text[...]
        if rest.first == "\u{feff}" { rest.removeFirst() }
    }

    private var place: ComposePlace { ComposePlace(source: source, line: line, column: 1) }

    /// - Returns: whether there was a line.
    private mutating func takeLine() throws(StorageError) -> Bool {
        guard !rest.isEmpty else { return false }
        let here = place
        var text = rest.prefix { !$0.isNewline }
        text = text.drop { $0.isWhitespace }
        if text.isEmpty || text.first == "#" {
            skipLine()
            return true
        }
        if text.hasPrefix("export ") { text = text.dropFirst(7).drop { $0.isWhitespace } }
        let name = text.prefix { $0 != "=" && $0 != ":" }
        let key = name.trimmed
        guard !key.isEmpty, key.allSatisfy({ $0.isLetter || $0.isNumber || "_.-[]".contains($0) }) else {
            throw here.fault("'\(key.printable(limit: 80))' is not the name of a variable", hint: "write NAME=value")
        }
        guard name.endIndex < text.endIndex else {
            // A name alone stands for the environment's value.
            if let value = environment[key] { values[key] = value }
            skipLine()
            return true
        }
        rest = source.text[text.index(after: name.endIndex)...].drop { $0 == " " || $0 == "\t" }
        values[key] = try takeValue(here)
        return true
    }

    private mutating func skipLine() {
        rest = rest.drop { !$0.isNewline }.dropFirst()
        line += 1
    }

    private mutating func takeValue(_ here: ComposePlace) throws(StorageError) -> String {
        guard let quote = rest.first, quote == "\"" || quote == "'" else {
            var value = rest.prefix { !$0.isNewline }
            if value.first == "#" { value = value.prefix(0) }
            if let comment = value.firstRange(of: " #") { value = value[..<comment.lowerBound] }
            let text = value.trimmed
            skipLine()
            return try variables.replace(in: text, at: here)
        }
        var value = ""
        rest = rest.dropFirst()
        while let character = rest.popFirst() {
            if character.isNewline { line += 1 }
            if character == quote {
                skipLine()
                return quote == "'" ? value : try variables.replace(in: value, at: here)
            }
            guard character == "\\", let next = rest.first else {
                value.append(character)
                continue
            }
            rest = rest.dropFirst()
            value += quote == "'" ? (next == "'" ? "'" : "\\\(next)") : Self.escape(next)
        }
        throw here.fault("the quotation mark is not closed")
    }

    private var variables: ComposeVariables { ComposeVariables(values.merging(environment) { $1 }) }

    private static func escape(_ character: Character) -> String {
        switch character {
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        case "$": "$$"
        case "\"", "\\": String(character)
        default: "\\\(character)"
        }
    }
}

extension Substring {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        var result = drop { $0.isWhitespace }
        while result.last?.isWhitespace == true { result.removeLast() }
        return String(result)
    }
}
