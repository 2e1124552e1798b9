/// A JSON document: what the commands print, with sorted keys, and what images carry as configurations and manifests.
///
/// Our own writer and not Foundation's encoder: keys, number formats and the order are part of the command line's contract
/// and of the digests of images that are made here, and stay in one place.
public enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// On one line, without blanks.
    public var compactText: String {
        var result = ""
        append(to: &result, indentation: nil)
        return result
    }

    /// Indented by two blanks, `depth` levels deep already.
    public func prettyText(depth: Int = 0) -> String {
        var result = ""
        append(to: &result, indentation: depth)
        return result
    }

    private func append(to result: inout String, indentation: Int?) {
        switch self {
        case .null: result += "null"
        case .boolean(let value): result += value ? "true" : "false"
        case .integer(let value): result += String(value)
        case .unsigned(let value): result += String(value)
        // JSON knows neither infinity nor not-a-number.
        case .number(let value): result += value.isFinite ? String(value) : "null"
        case .string(let text): Self.append(text, to: &result)
        case .array(let values):
            Self.append("[", "]", values, to: &result, indentation) { value, result, inner in
                value.append(to: &result, indentation: inner)
            }
        case .object(let members):
            Self.append("{", "}", members.sorted { $0.key < $1.key }, to: &result, indentation) {
                member, result, inner in
                Self.append(member.key, to: &result)
                result += inner == nil ? ":" : ": "
                member.value.append(to: &result, indentation: inner)
            }
        }
    }

    private static func append<Element>(
        _ opening: String, _ closing: String, _ elements: [Element], to result: inout String, _ indentation: Int?,
        _ appendElement: (Element, inout String, Int?) -> Void
    ) {
        let inner = indentation.map { $0 + 1 }
        result += opening
        for (index, element) in elements.enumerated() {
            if index > 0 { result += "," }
            appendLineBreak(to: &result, inner)
            appendElement(element, &result, inner)
        }
        if !elements.isEmpty { appendLineBreak(to: &result, indentation) }
        result += closing
    }

    private static func appendLineBreak(to result: inout String, _ indentation: Int?) {
        guard let indentation else { return }
        result += "\n" + String(repeating: "  ", count: indentation)
    }

    private static func append(_ text: String, to result: inout String) {
        result += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        result += "\""
    }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }

    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue {
    /// A string, or `null`.
    public static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// An integer, or `null`.
    public static func optional(_ number: UInt64?) -> JSONValue { number.map { .unsigned($0) } ?? .null }

    /// Seconds with three decimals.
    public static func seconds(_ seconds: Double) -> JSONValue { .number((seconds * 1000).rounded() / 1000) }

    /// A mapping of strings.
    public static func strings(_ members: [String: String]) -> JSONValue { .object(members.mapValues { .string($0) }) }
}
