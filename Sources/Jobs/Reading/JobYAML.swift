internal import StorageModel
internal import Yams

/// Turns the text of a job file into nodes. Aliases and merge keys (`<<`) are followed; how much can come of them is bounded, so
/// that a small file cannot fill the memory.
struct JobYAML {
    private static let limitNodes = 100_000
    private static let limitDepth = 50
    /// The parser calls itself for each level; a level takes a blank or a bracket at least.
    private static let limitIndentation = 500

    private let faults: JobFaults
    private var nodes = 0
    private var isTooLarge = false

    /// The file's content; `nil` if it is empty or no YAML, which is noted.
    static func read(_ text: String, _ faults: JobFaults) -> JobNode? {
        guard !isDeep(text, faults) else { return nil }
        var reader = JobYAML(faults: faults)
        do {
            guard let root = try Yams.compose(yaml: text) else { return nil }
            let node = reader.convert(root, depth: 0)
            return reader.isTooLarge ? nil : node
        } catch let error as YamlError {
            reader.note(error)
        } catch {
            faults.add(.start, "the file is not YAML")
        }
        return nil
    }

    private init(faults: JobFaults) { self.faults = faults }

    private static func isDeep(_ text: String, _ faults: JobFaults) -> Bool {
        var brackets = 0
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let opened = line.utf8.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
            let closed = line.utf8.count { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "}") }
            let indentation = line.prefix { $0 == " " || $0 == "-" || $0 == "?" || $0 == ":" }.utf8.count
            guard brackets + opened > limitIndentation || indentation > limitIndentation else {
                brackets = max(0, brackets + opened - closed)
                continue
            }
            faults.add(JobPlace(line: number + 1, column: 1), "the file is nested too deeply")
            return true
        }
        return false
    }

    private func note(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            faults.add(place(mark), "this is not YAML: \(problem.printable(limit: 200))")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.map { "'\($0.printable(limit: 80))'" }.joined(separator: ", ")
            faults.add(place(context.mark), "a mapping has the key \(keys) twice; keep one of the two")
        case .reader: faults.add(.start, "the file is not UTF-8 text without control characters")
        default: faults.add(.start, "the file is not YAML")
        }
    }

    private func place(_ mark: Mark?) -> JobPlace { JobPlace(line: mark?.line ?? 1, column: mark?.column ?? 1) }

    // MARK: Values

    private mutating func convert(_ node: Node, depth: Int) -> JobNode {
        nodes += 1
        let place = place(node.mark)
        guard nodes <= Self.limitNodes, depth <= Self.limitDepth, !isTooLarge else {
            if !isTooLarge { faults.add(place, "the file has too many values, or is nested too deeply") }
            isTooLarge = true
            return JobNode(content: .nothing, place: place)
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let isNothing = isPlain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return JobNode(content: isNothing ? .nothing : .text(scalar.string), place: place)
        case .sequence(let sequence):
            var list: [JobNode] = []
            for element in sequence { list.append(convert(element, depth: depth + 1)) }
            return JobNode(content: .list(list), place: place)
        case .mapping(let mapping): return JobNode(content: .mapping(entries(mapping, depth)), place: place)
        case .alias:
            faults.add(place, "an alias leads nowhere")
            return JobNode(content: .nothing, place: place)
        }
    }

    private mutating func entries(_ mapping: Node.Mapping, _ depth: Int) -> [JobEntry] {
        var entries: [JobEntry] = []
        var merged: [JobEntry] = []
        for (key, value) in mapping {
            let place = place(key.mark)
            guard case .scalar(let scalar) = key else {
                faults.add(place, "a key is not a text; a text is expected")
                continue
            }
            let node = convert(value, depth: depth + 1)
            if scalar.string == "<<" && scalar.style == .plain {
                merged += mergedEntries(node)
            } else {
                entries.append(JobEntry(key: scalar.string, place: place, value: node))
            }
        }
        // What the mapping says itself counts, then the first of those that are merged.
        var known = Set(entries.map(\.key))
        for entry in merged where known.insert(entry.key).inserted { entries.append(entry) }
        return entries
    }

    private func mergedEntries(_ node: JobNode) -> [JobEntry] {
        switch node.content {
        case .mapping(let entries): return entries
        case .list(let list): return list.flatMap(mergedEntries)
        default:
            faults.add(node.place, "'<<' merges \(node.kind); a mapping is expected")
            return []
        }
    }
}
