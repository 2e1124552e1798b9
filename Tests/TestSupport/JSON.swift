internal import Foundation

/// A parsed JSON document: Foundation's parser is the oracle for what the commands print.
package struct JSON: Equatable, Sendable {
    private indirect enum Node: Equatable, Sendable, Decodable {
        case missing
        case null
        case boolean(Bool)
        case integer(Int)
        case number(Double)
        case string(String)
        case array([Node])
        case object([String: Node])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // Each attempt but the last may fail: that only means that the value is of another kind.
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .boolean(value)
            } else if let value = try? container.decode(Int.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .string(value)
            } else if let value = try? container.decode([Node].self) {
                self = .array(value)
            } else {
                self = .object(try container.decode([String: Node].self))
            }
        }
    }

    private let node: Node

    private init(_ node: Node) { self.node = node }

    /// - Throws: if the text is not exactly one JSON document.
    package init(parsing text: String) throws {
        node = try JSONDecoder().decode(Node.self, from: Data(text.utf8))
    }

    /// The member of that name; a missing one is equal to nothing.
    package subscript(name: String) -> JSON {
        guard case .object(let members) = node else { return JSON(.missing) }
        return JSON(members[name] ?? .missing)
    }

    /// The element at that position; a missing one is equal to nothing.
    package subscript(index: Int) -> JSON {
        guard case .array(let elements) = node, elements.indices.contains(index) else { return JSON(.missing) }
        return JSON(elements[index])
    }

    package var elements: [JSON] {
        guard case .array(let elements) = node else { return [] }
        return elements.map { JSON($0) }
    }

    /// The names of an object's members, sorted.
    package var keys: [String] {
        guard case .object(let members) = node else { return [] }
        return members.keys.sorted()
    }

    package var text: String? {
        guard case .string(let text) = node else { return nil }
        return text
    }

    package var integer: Int? {
        guard case .integer(let value) = node else { return nil }
        return value
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = node else { return nil }
        return value
    }

    package var isNull: Bool { node == .null }

    package static func == (left: JSON, right: String) -> Bool { left.text == right }
}
