internal import FoundationEssentials

extension JSONValue {
    /// Parses a document, by Foundation's decoder. Memory: a few times the size of the text, so bound that before.
    ///
    /// - Parameter object: what is parsed, for the message: "the manifest of 'app.tar'".
    /// - Throws: ``StorageError/Code/damaged`` for what is not JSON.
    public init(parsing text: [UInt8], of object: String) throws(StorageError) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(text))
        } catch {
            throw StorageError(
                .damaged, object: object, "\(object) is not JSON",
                causes: [String(describing: error).printable(limit: 300)])
        }
    }

    /// The member of an object; `nil` if this is no object, or has no such member, or one that is `null`.
    public subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self, let value = members[key], value != .null else { return nil }
        return value
    }

    public var text: String? { if case .string(let text) = self { text } else { nil } }

    public var elements: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

    public var members: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }

    /// A number that is not negative and has no fraction.
    public var count: UInt64? {
        switch self {
        case .unsigned(let number): number
        case .integer(let number): UInt64(exactly: number)
        default: nil
        }
    }

    /// The elements of an array of strings; `nil` for anything else.
    public var texts: [String]? {
        guard let elements else { return nil }
        let texts = elements.compactMap(\.text)
        return texts.count == elements.count ? texts : nil
    }
}

extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let values = try? container.decode([JSONValue].self) {
            self = .array(values)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}
