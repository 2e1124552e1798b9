internal import StorageModel

/// A value of a compose file: text, a list or a mapping, with the place where it is written.
///
/// All that is not a list or a mapping is text here, whatever YAML takes it for: what a number or a truth value is depends on
/// where it stands.
struct ComposeNode: Sendable {
    enum Content: Sendable {
        case null
        case text(String)
        case list([ComposeNode])
        case mapping([ComposeEntry])
    }

    /// What `!reset` and `!override` say of a value of a later file.
    enum Replacement: Sendable {
        case reset, override
    }

    var content: Content
    let place: ComposePlace
    var replacement: Replacement?

    var isNull: Bool { if case .null = content { true } else { false } }

    /// The value of a key; `nil` if it is missing or null.
    subscript(key: String) -> ComposeNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key && !$0.value.isNull }?.value
    }

    /// Without what takes away a value of an earlier file: there is none.
    func withoutResets() -> ComposeNode {
        guard case .mapping(let entries) = content else { return self }
        var result = self
        result.content = .mapping(
            entries.filter { $0.value.replacement != .reset }.map { entry in
                var kept = entry
                kept.value = entry.value.withoutResets()
                return kept
            })
        return result
    }

    /// Whether both say the same, wherever they are written.
    func hasContent(of other: ComposeNode) -> Bool {
        switch (content, other.content) {
        case (.null, .null): true
        case (.text(let left), .text(let right)): left == right
        case (.list(let left), .list(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.hasContent(of: $1) }
        case (.mapping(let left), .mapping(let right)):
            left.count == right.count
                && left.allSatisfy { entry in
                    right.contains { $0.key == entry.key && $0.value.hasContent(of: entry.value) }
                }
        default: false
        }
    }

    // MARK: As what is expected

    /// - Parameter path: what it is called in messages: `services.web.volumes`.
    func text(_ path: String) throws(StorageError) -> String {
        guard case .text(let text) = content else { throw wrong(path, "a text") }
        return text
    }

    func list(_ path: String) throws(StorageError) -> [ComposeNode] {
        guard case .list(let list) = content else { throw wrong(path, "a list") }
        return list
    }

    /// The entries whose values are not extensions.
    func entries(_ path: String) throws(StorageError) -> [ComposeEntry] {
        switch content {
        case .mapping(let entries): return entries.filter { !$0.key.hasPrefix("x-") }
        case .null: return []
        default: throw wrong(path, "a mapping")
        }
    }

    /// The entries, of which none may have another key than these.
    func entries(_ path: String, keys: [String]) throws(StorageError) -> [ComposeEntry] {
        let entries = try entries(path)
        for entry in entries where !keys.contains(entry.key) {
            throw entry.place.fault(
                "\(path) has no key '\(entry.key.printable(limit: 80))'",
                hint: "the keys are \(keys.joined(separator: ", "))")
        }
        return entries
    }

    func flag(_ path: String) throws(StorageError) -> Bool {
        switch try text(path).lowercased() {
        case "true", "yes", "y", "on": return true
        case "false", "no", "n", "off": return false
        default: throw wrong(path, "true or false")
        }
    }

    /// A mapping of texts, or a list of `KEY=VALUE`.
    func pairs(_ path: String) throws(StorageError) -> [String: String] {
        var result: [String: String] = [:]
        if case .list(let list) = content {
            for item in list {
                let parts = try item.text(path).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                result[String(parts.first ?? "")] = parts.count > 1 ? String(parts[1]) : ""
            }
            return result
        }
        guard case .mapping(let entries) = content else { throw wrong(path, "a mapping, or a list of KEY=VALUE") }
        for entry in entries {
            result[entry.key] = entry.value.isNull ? "" : try entry.value.text("\(path).\(entry.key)")
        }
        return result
    }

    private func wrong(_ path: String, _ expected: String) -> StorageError {
        let found =
            switch content {
            case .null: "nothing"
            case .text(let text): "'\(text.printable(limit: 80))'"
            case .list: "a list"
            case .mapping: "a mapping"
            }
        return place.fault("\(path) is \(found), where \(expected) is expected")
    }
}

/// A key of a mapping and its value.
struct ComposeEntry: Sendable {
    let key: String
    let place: ComposePlace
    var value: ComposeNode
}
