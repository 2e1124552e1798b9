internal import StorageModel

/// How the values of a later file come over those of an earlier one (Compose specification, "Merge"; compose-go, `override`).
///
/// Mappings are merged key by key, lists are joined, other values replaced. A mount of a service replaces the one that has
/// the same target; labels may be a list in one file and a mapping in another. `!reset` takes a value away, `!override`
/// replaces it whole.
enum ComposeMerging {
    ///
    /// - Parameter keepsResets: whether what takes a value away stays, to take it away from other files too.
    static func merge(
        _ earlier: ComposeNode, _ later: ComposeNode, path: [String] = [], keepsResets: Bool = false
    ) throws(StorageError) -> ComposeNode {
        if later.replacement == .override { return later }
        if later.isNull { return earlier }
        if earlier.isNull { return later }
        if isPairs(path) { return merged(earlier, later, by: pairs) }
        if path.count == 3, path[0] == "services", path[2] == "tmpfs" { return merged(earlier, later, by: texts) }
        switch (earlier.content, later.content) {
        case (.mapping(let old), .mapping(let new)):
            var result = earlier
            result.content = .mapping(try merge(old, new, path, keepsResets))
            return result
        case (.list(let old), .list(let new)):
            var result = earlier
            result.content = .list(isMounts(path) ? byTarget(old + new) : old + new)
            return result
        case (.text, .text): return later
        default:
            throw later.place.fault(
                "\(path.joined(separator: ".")) is of another kind than at \(earlier.place.words)",
                hint: "write it in the same form, or with !override")
        }
    }

    private static func merge(
        _ old: [ComposeEntry], _ new: [ComposeEntry], _ path: [String], _ keepsResets: Bool
    ) throws(StorageError) -> [ComposeEntry] {
        var result = old
        for entry in new {
            let index = result.firstIndex { $0.key == entry.key }
            if entry.value.replacement == .reset {
                if let index { result.remove(at: index) }
                if keepsResets { result.append(entry) }
            } else if let index {
                result[index].value = try merge(
                    result[index].value, entry.value, path: path + [entry.key], keepsResets: keepsResets)
            } else {
                result.append(entry)
            }
        }
        return result
    }

    // MARK: Special places

    private static func isPairs(_ path: [String]) -> Bool {
        path.count == 3 && path[0] == "volumes" && path[2] == "labels"
    }

    private static func isMounts(_ path: [String]) -> Bool {
        path.count == 3 && path[0] == "services" && path[2] == "volumes"
    }

    private static func merged(
        _ earlier: ComposeNode, _ later: ComposeNode, by items: (ComposeNode) -> [ComposeNode]
    ) -> ComposeNode {
        var result = later
        result.content = .list(items(earlier) + items(later))
        return result
    }

    /// A text, or a list, as a list.
    private static func texts(_ node: ComposeNode) -> [ComposeNode] {
        if case .list(let list) = node.content { list } else { [node] }
    }

    /// A mapping as a list of `KEY=VALUE`.
    private static func pairs(_ node: ComposeNode) -> [ComposeNode] {
        guard case .mapping(let entries) = node.content else { return texts(node) }
        return entries.map { entry in
            var value = entry.value
            switch value.content {
            case .null: value.content = .text("\(entry.key)=")
            case .text(let text): value.content = .text("\(entry.key)=\(text)")
            // Refused where the labels are read.
            case .list, .mapping: break
            }
            return value
        }
    }

    /// Of several mounts at one target the last, at the place of the first.
    private static func byTarget(_ mounts: [ComposeNode]) -> [ComposeNode] {
        var result: [ComposeNode] = []
        var positions: [String: Int] = [:]
        for mount in mounts {
            guard let target = target(mount) else {
                result.append(mount)
                continue
            }
            if let position = positions[target] {
                result[position] = mount
            } else {
                positions[target] = result.count
                result.append(mount)
            }
        }
        return result
    }

    /// The path in the container, cleaned; `nil` for what is refused later.
    static func target(_ mount: ComposeNode) -> String? {
        var text: String?
        switch mount.content {
        case .text(let short):
            let parts = short.split(separator: ":", omittingEmptySubsequences: false)
            text = parts.count == 1 ? short : String(parts[1])
        case .mapping: if case .text(let target)? = mount["target"]?.content { text = target }
        case .null, .list: break
        }
        return text.flatMap { try? ContainerPath($0).rawValue }
    }
}
