internal import StorageModel

/// A mapping of a job file whose keys are known, and its values as what is expected there. What is not as expected is noted, and
/// counts as missing.
struct JobMapping {
    /// What it is called in messages: `the job 'nightly'`, `'retention'`.
    let name: String
    let place: JobPlace
    let faults: JobFaults
    private let entries: [JobEntry]

    /// - Parameter keys: those that it may have, and those that begin with `x-`.
    /// - Returns: `nil` if the node is no mapping.
    init?(_ node: JobNode, _ name: String, keys: [String], _ faults: JobFaults) {
        guard case .mapping(let entries) = node.content else {
            faults.add(node.place, "\(name) is \(node.kind); a mapping with \(Self.list(keys)) is expected")
            return nil
        }
        for entry in entries where !keys.contains(entry.key) && !entry.key.hasPrefix("x-") {
            let hint = NearestWord.hint(for: entry.key, in: keys, otherwise: "the keys are \(Self.list(keys))")
            faults.add(entry.place, "\(name) has no key '\(entry.key.printable(limit: 80))'; \(hint)")
        }
        (self.name, place, self.faults, self.entries) = (name, node.place, faults, entries)
    }

    private static func list(_ words: [String]) -> String { words.joined(separator: ", ") }

    /// The entry of a key, noted if it has no value.
    func entry(_ key: String) -> JobEntry? {
        guard let entry = entries.first(where: { $0.key == key }) else { return nil }
        if case .nothing = entry.value.content {
            faults.add(entry.place, "'\(key)' has no value; give it one, or leave the key out")
            return nil
        }
        return entry
    }

    func node(_ key: String) -> JobNode? { entry(key)?.value }

    /// Whether the key is there, with or without a value.
    func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

    // MARK: Texts

    /// A text, perhaps parsed; what cannot be parsed is shown, so this is not for secrets.
    func value<Value>(_ key: String, expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let node = node(key), let text = text(node, key, expected: expected) else { return nil }
        if let value = parse(text) { return value }
        faults.add(node.place, "'\(key)' is '\(text.printable(limit: 80))'; \(expected) is expected")
        return nil
    }

    func text(_ key: String, expected: String = "a text") -> String? {
        node(key).flatMap { text($0, key, expected: expected) }
    }

    func text(_ node: JobNode, _ key: String, expected: String) -> String? {
        if case .text(let text) = node.content { return text }
        faults.add(node.place, "'\(key)' is \(node.kind); \(expected) is expected")
        return nil
    }

    func flag(_ key: String) -> Bool? {
        value(key, expected: "true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "on": true
            case "false", "no", "off": false
            default: nil
            }
        }
    }

    func number(_ key: String, in range: ClosedRange<Int>) -> Int? {
        value(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func word<Word: RawRepresentable & CaseIterable>(_ key: String, _ words: Word.Type) -> Word?
    where Word.RawValue == String {
        let known = words.allCases.map(\.rawValue)
        guard let node = node(key), let text = text(node, key, expected: "a word") else { return nil }
        if let word = Word(rawValue: text) { return word }
        noteWord(node, key, text, known)
        return nil
    }

    func noteWord(_ node: JobNode, _ key: String, _ text: String, _ known: [String]) {
        let meant = NearestWord.of(text, in: known).map { "; did you mean '\($0)'?" } ?? ""
        faults.add(
            node.place,
            "'\(key)' is '\(text.printable(limit: 80))'; one of \(Self.list(known)) is expected\(meant)")
    }

    /// A length of time as `90s`, `10m`, `26h`, in seconds; a number alone are seconds.
    func seconds(_ key: String, in range: ClosedRange<Int64>) -> Int64? {
        let expected = "a length of time as 90s, 10m or 2h, from \(range.lowerBound) s to \(range.upperBound) s,"
        return value(key, expected: expected) { text in
            let seconds = TimeSpan(parsing: text)?.seconds ?? Int64(text)
            return seconds.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func path(_ key: String) -> String? { node(key).flatMap { path($0, key) } }

    func path(_ node: JobNode, _ key: String) -> String? {
        guard let text = text(node, key, expected: "an absolute path") else { return nil }
        guard text.hasPrefix("/"), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            faults.add(
                node.place,
                "'\(key)' is '\(text.printable(limit: 80))'; an absolute path is expected, as in /srv/backups")
            return nil
        }
        return text
    }

    // MARK: Lists

    /// The elements of a list; what is no list stands for itself.
    func elements(_ key: String) -> [JobNode] {
        guard let node = node(key) else { return [] }
        guard case .list(let list) = node.content else { return [node] }
        if list.isEmpty {
            faults.add(node.place, "'\(key)' is an empty list; give it an element, or leave the key out")
        }
        return list
    }

    /// Texts of a list, or a text alone, each with its node.
    func texts(_ key: String, expected: String = "a text") -> [(node: JobNode, text: String)] {
        elements(key).compactMap { node in text(node, key, expected: expected).map { (node, $0) } }
    }

    func paths(_ key: String) -> [String] { elements(key).compactMap { path($0, key) } }
}
