internal import StorageModel
internal import Yams

/// Turns the text of a compose file into values, with variables replaced.
///
/// Aliases (`*name`) and merge keys (`<<`) are followed; how much can come of them is bounded, so that a small file cannot
/// fill the memory.
struct ComposeReader {
    private static let limitNodes = 200_000
    private static let limitDepth = 100

    private let source: ComposeSource
    private let variables: ComposeVariables
    private var nodes = 0

    /// The file's content; `nil` for an empty file.
    static func read(_ source: ComposeSource, _ variables: ComposeVariables) throws(StorageError) -> ComposeNode? {
        try refuseDepth(source)
        var reader = ComposeReader(source: source, variables: variables)
        guard let root = try reader.parse() else { return nil }
        let node = try reader.convert(root, depth: 0)
        return node.isNull ? nil : node
    }

    /// The file's `name`, read before all else: other values may refer to it.
    static func name(in source: ComposeSource, _ variables: ComposeVariables) throws(StorageError) -> String? {
        try refuseDepth(source)
        var reader = ComposeReader(source: source, variables: variables)
        guard let node = try reader.parse()?.mapping?["name"] else { return nil }
        guard case .text(let text) = try reader.convert(node, depth: 0).content else { return nil }
        return text
    }

    private init(source: ComposeSource, variables: ComposeVariables) {
        self.source = source
        self.variables = variables
    }

    /// The parser calls itself for each level; a level takes a blank or a bracket at least.
    private static func refuseDepth(_ source: ComposeSource) throws(StorageError) {
        var brackets = 0
        for (number, line) in source.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            brackets += line.utf8.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
            brackets -= line.utf8.count { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}") }
            brackets = max(0, brackets)
            let isDeep = line.prefix { $0 == " " || $0 == "-" || $0 == "?" || $0 == ":" }.utf8.count > 1000
            let opened = line.utf8.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
            guard brackets > 500 || opened > 500 || isDeep else { continue }
            throw ComposePlace(source: source, line: number + 1, column: 1)
                .fault("the file is nested too deeply", code: .limitExceeded)
        }
    }

    private func parse() throws(StorageError) -> Node? {
        do {
            return try Yams.compose(yaml: source.text)
        } catch let error as YamlError {
            throw fault(error)
        } catch {
            throw StorageError(
                .invalidInput, object: source.name, "\(source.name.printable(limit: 200)) is not YAML",
                causes: [String(describing: error).printable(limit: 300)])
        }
    }

    private func fault(_ error: YamlError) -> StorageError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return place(mark).fault("this is not YAML: \(problem.printable(limit: 200))")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0.printable(limit: 80))'" }.joined(separator: ", ")
            return place(context.mark).fault("a mapping has the key \(keys) twice", hint: "keep one of the two")
        default:
            return StorageError(
                .invalidInput, object: source.name, "\(source.name.printable(limit: 200)) is not YAML",
                causes: [String(describing: error).printable(limit: 300)])
        }
    }

    private func place(_ mark: Mark?) -> ComposePlace {
        ComposePlace(source: source, line: mark?.line ?? 1, column: mark?.column ?? 1)
    }

    // MARK: Values

    private mutating func convert(_ node: Node, depth: Int) throws(StorageError) -> ComposeNode {
        nodes += 1
        let place = place(node.mark)
        guard nodes <= Self.limitNodes, depth <= Self.limitDepth else {
            throw place.fault("the file has too many values, or is nested too deeply", code: .limitExceeded)
        }
        let content: ComposeNode.Content
        switch node {
        case .scalar(let scalar): content = try text(scalar, place)
        case .sequence(let sequence):
            var list: [ComposeNode] = []
            for element in sequence { list.append(try convert(element, depth: depth + 1)) }
            content = .list(list)
        case .mapping(let mapping): content = .mapping(try entries(mapping, depth: depth))
        case .alias: throw place.fault("an alias leads nowhere")
        }
        return ComposeNode(content: content, place: place, replacement: replacement(node))
    }

    private func replacement(_ node: Node) -> ComposeNode.Replacement? {
        switch node.tag.description {
        case "!reset": .reset
        case "!override": .override
        default: nil
        }
    }

    private func text(_ scalar: Node.Scalar, _ place: ComposePlace) throws(StorageError) -> ComposeNode.Content {
        let isPlain = scalar.style == .plain || scalar.style == .any
        if isPlain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
        guard scalar.string.utf8.contains(UInt8(ascii: "$")) else {
            return .text(isPlain ? Self.asNumber(scalar.string) : scalar.string)
        }
        return .text(try variables.replace(in: scalar.string, at: place))
    }

    /// A number with a fraction as Compose writes it again, which decides labels and hashes: `1.50` is `1.5`.
    private static func asNumber(_ text: String) -> String {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let digits = parts.map { $0.first == "-" ? $0.dropFirst() : $0 }
        guard parts.count == 2, digits.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            text.hasSuffix("0")
        else { return text }
        var trimmed = text[...]
        while trimmed.last == "0" { trimmed.removeLast() }
        if trimmed.last == "." { trimmed.removeLast() }
        return String(trimmed)
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) throws(StorageError) -> [ComposeEntry] {
        var entries: [ComposeEntry] = []
        var known: Set<String> = []
        var merged: [ComposeEntry] = []
        for (key, value) in mapping {
            let place = place(key.mark)
            guard case .scalar(let scalar) = key else { throw place.fault("a key is not a text") }
            if scalar.string == "<<" && scalar.style == .plain {
                merged += try mergedEntries(value, depth: depth)
                continue
            }
            known.insert(scalar.string)
            entries.append(
                ComposeEntry(key: scalar.string, place: place, value: try convert(value, depth: depth + 1)))
        }
        // What the mapping says itself counts, then the first of those that are merged.
        for entry in merged where known.insert(entry.key).inserted { entries.append(entry) }
        return entries
    }

    private mutating func mergedEntries(_ value: Node, depth: Int) throws(StorageError) -> [ComposeEntry] {
        switch try convert(value, depth: depth + 1).content {
        case .mapping(let entries): return entries
        case .list(let list):
            var entries: [ComposeEntry] = []
            for node in list { entries += try node.allEntries() }
            return entries
        default: throw place(value.mark).fault("only mappings can be merged with <<")
        }
    }
}

extension ComposeNode {
    fileprivate func allEntries() throws(StorageError) -> [ComposeEntry] {
        guard case .mapping(let entries) = content else { throw place.fault("only mappings can be merged with <<") }
        return entries
    }
}
