internal import StorageModel

/// Reads the part of a service that is about storage.
struct ComposeServiceReader {
    let volumes: [String: ComposeVolume]
    let directory: String
    /// Those that are asked for; `*` for all.
    let profiles: Set<String>
    /// The user's home directory, for sources that begin with `~`.
    let home: String?

    func read(_ entry: ComposeEntry, notes: inout [String]) throws(StorageError) -> ComposeService {
        let path = "services.\(entry.key.printable(limit: 80))"
        _ = try entry.value.entries(path)
        let isEnabled = try isEnabled(entry.value, path)
        do throws(StorageError) {
            return ComposeService(
                name: entry.key,
                image: try entry.value["image"].map { image throws(StorageError) in try image.text("\(path).image") },
                mounts: try mounts(entry.value, path, &notes), volumesFrom: try inheritance(entry.value, path),
                isEnabled: isEnabled)
        } catch {
            // Nobody asked for it.
            guard !isEnabled else { throw error }
            notes.append(error.message)
            return ComposeService(name: entry.key, image: nil, mounts: [], volumesFrom: [], isEnabled: false)
        }
    }

    private func mounts(
        _ node: ComposeNode, _ path: String, _ notes: inout [String]
    ) throws(StorageError) -> [ComposeMount] {
        var mounts: [ComposeMount] = []
        if let list = node["volumes"] {
            for (index, item) in try list.list("\(path).volumes").enumerated() {
                mounts.append(try mount(item, "\(path).volumes[\(index)]", &notes))
            }
        }
        if let tmpfs = node["tmpfs"] {
            for item in tmpfs.oneOrMany {
                mounts.append(ComposeMount(form: .tmpfs(try item.text("\(path).tmpfs")), place: item.place))
            }
        }
        return mounts
    }

    /// A service without profiles always is.
    private func isEnabled(_ node: ComposeNode, _ path: String) throws(StorageError) -> Bool {
        var names: [String] = []
        for profile in try node["profiles"]?.list("\(path).profiles") ?? [] {
            names.append(try profile.text("\(path).profiles"))
        }
        return names.isEmpty || profiles.contains("*") || !profiles.isDisjoint(with: names)
    }

    private func mount(
        _ item: ComposeNode, _ path: String, _ notes: inout [String]
    ) throws(StorageError) -> ComposeMount {
        switch item.content {
        case .text(let text): ComposeMount(form: .short(atHome(text)), place: item.place)
        case .mapping:
            ComposeMount(
                form: .long(try ComposeMountReader(node: item, path: path, service: self).read(&notes)),
                place: item.place)
        case .null, .list: throw item.place.fault("\(path) is neither a text nor a mapping")
        }
    }

    /// Compose stands in for the shell, which expands `~` only where a word begins.
    func atHome(_ text: String) -> String {
        guard let home, text == "~" || text.hasPrefix("~/") || text.hasPrefix("~:") else { return text }
        return home + text.dropFirst()
    }

    private func inheritance(_ node: ComposeNode, _ path: String) throws(StorageError) -> [ComposeInheritance] {
        guard let list = node["volumes_from"] else { return [] }
        var result: [ComposeInheritance] = []
        for item in try list.list("\(path).volumes_from") {
            var parts = try item.text("\(path).volumes_from")
                .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let isContainer = parts.count > 1 && parts[0] == "container"
            if isContainer { parts.removeFirst() }
            guard let name = parts.first, !name.isEmpty, parts.count <= 2,
                parts.count == 1 || ["ro", "rw", "z", "Z"].contains(parts[1])
            else {
                throw item.place.fault(
                    "\(path).volumes_from has an entry that is not of the form",
                    hint: "write SERVICE[:ro], or container:NAME[:ro]")
            }
            result.append(
                ComposeInheritance(
                    source: isContainer ? .container(name) : .service(name),
                    isReadOnly: parts.last == "ro" && parts.count == 2,
                    place: item.place))
        }
        return result
    }
}

extension ComposeNode {
    /// A list, or one value as a list.
    var oneOrMany: [ComposeNode] { if case .list(let list) = content { list } else { [self] } }
}
