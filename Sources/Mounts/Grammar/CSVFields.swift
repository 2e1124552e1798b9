internal import StorageModel

/// A field of a list that is separated by commas, as Go's `encoding/csv` reads it: a field in quotation marks may contain
/// commas and line feeds, and two quotation marks in it stand for one.
struct CSVField {
    /// What the field means.
    let text: String
    /// How it is written.
    let source: Substring

    /// The part of the source that a part of the text stands for; the whole field if it is quoted.
    func source(of part: Substring) -> Substring {
        guard !source.hasPrefix("\"") else { return source }
        let utf8 = source.utf8
        let start = text.utf8.distance(from: text.utf8.startIndex, to: part.startIndex)
        let lower = utf8.index(utf8.startIndex, offsetBy: start)
        return source[lower..<utf8.index(lower, offsetBy: part.utf8.count)]
    }
}

extension SpecText {
    func csvFields() throws(StorageError) -> [CSVField] {
        var fields: [CSVField] = []
        var rest = whole
        while true {
            let field = rest.first == "\"" ? try quotedField(rest) : try plainField(rest)
            fields.append(field)
            rest = text[field.source.endIndex...]
            guard rest.first == "," else { return fields }
            rest = rest.dropFirst()
        }
    }

    private func plainField(_ rest: Substring) throws(StorageError) -> CSVField {
        let source = rest.prefix { $0 != "," }
        if let mark = source.firstIndex(of: "\"") {
            throw fault(
                source[mark...].prefix(1), "a quotation mark stands in the middle of \(source.quoted)",
                hint: "put it around the whole field, as in \"source=/a,b\"")
        }
        if let feed = source.firstIndex(where: \.isNewline) {
            throw fault(source[feed...].prefix(1), "there is a line feed in \(source.quoted)", hint: "write one line")
        }
        return CSVField(text: String(source), source: source)
    }

    private func quotedField(_ rest: Substring) throws(StorageError) -> CSVField {
        var content = ""
        var index = rest.index(after: rest.startIndex)
        while index < rest.endIndex {
            let character = rest[index]
            index = rest.index(after: index)
            guard character == "\"" else {
                content.append(character)
                continue
            }
            if index < rest.endIndex, rest[index] == "\"" {
                content.append("\"")
                index = rest.index(after: index)
                continue
            }
            let source = rest[..<index]
            guard index == rest.endIndex || rest[index] == "," else {
                throw fault(
                    rest[index...].prefix { $0 != "," }, "there is text behind the closing quotation mark",
                    hint: "put the quotation marks around the whole field")
            }
            return CSVField(text: content, source: source)
        }
        throw fault(rest, "the quotation mark is not closed", hint: "end the field with \"")
    }
}
