internal import StorageModel

/// Tables as RFC 4180 has them: lines that end in CR LF, fields with commas, quotes or line breaks in quotes.
enum CSVText {
    /// The heading with the names of the columns, then a line for each row. A value that is missing or null is empty.
    ///
    /// - Parameter rows: objects of scalars, as the same command prints them as JSON.
    static func text(columns: [String], rows: [[String: JSONValue]]) -> String {
        var text = line(columns)
        for row in rows { text += line(columns.map { field(row[$0] ?? .null) }) }
        return text
    }

    private static func line(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    private static func field(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .string(let text): text
        default: value.compactText
        }
    }

    private static func quoted(_ field: String) -> String {
        // By scalars: CR LF is one character to Swift.
        let needsQuotes = field.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        guard needsQuotes || field.hasPrefix(" ") || field.hasSuffix(" ") else { return field }
        var result = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { result += "\"" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}
