internal import StorageModel

/// One entry of `include`.
struct ComposeInclusion {
    /// Absolute; a later one comes over an earlier one.
    let paths: [String]
    /// What paths in the files are relative to.
    let directory: String
    /// `nil` for `.env` in the directory, which may be missing.
    let environmentFiles: [String]?
    let place: ComposePlace

    private static let keys = ["path", "project_directory", "env_file"]

    init(_ node: ComposeNode, _ name: String, in parent: String) throws(StorageError) {
        place = node.place
        if case .text = node.content {
            paths = [try Self.path(node, name, parent)]
            environmentFiles = nil
            directory = ComposeModel.directory(of: paths[0])
            return
        }
        _ = try node.entries(name, keys: Self.keys)
        guard let path = node["path"], !path.oneOrMany.isEmpty else {
            throw node.place.fault("\(name) has no path", hint: "write path: FILE")
        }
        paths = try Self.paths(path, "\(name).path", parent)
        environmentFiles = try node["env_file"].map { file throws(StorageError) in
            try Self.paths(file, "\(name).env_file", parent)
        }.flatMap { $0.isEmpty ? nil : $0 }
        directory =
            try node["project_directory"].map { directory throws(StorageError) in
                try Self.path(directory, "\(name).project_directory", parent)
            } ?? ComposeModel.directory(of: paths[0])
    }

    private static func paths(
        _ node: ComposeNode, _ name: String, _ parent: String
    ) throws(StorageError) -> [String] {
        var result: [String] = []
        for item in node.oneOrMany { result.append(try path(item, name, parent)) }
        return result
    }

    static func path(_ node: ComposeNode, _ name: String, _ parent: String) throws(StorageError) -> String {
        let text = try node.text(name)
        guard !text.contains("://"), !text.hasPrefix("git@"), !text.hasPrefix("oci:"), !text.isEmpty else {
            throw node.place.fault(
                "\(name) is '\(text.printable(limit: 200))', which is no path of a file",
                hint: "fetch it first, and name the file")
        }
        return ComposeModel.joined(parent, text)
    }

    // MARK: Adding

    /// The file with what is included.
    ///
    /// - Parameter directory: what paths in the file are relative to.
    func adding(
        _ included: ComposeNode, to node: ComposeNode, whoseDirectory directory: String
    ) throws(StorageError) -> ComposeNode {
        guard case .mapping(var entries) = node.content else { return node }
        for kind in ["services", "volumes"] {
            guard let added = included[kind] else { continue }
            let index = entries.firstIndex { $0.key == kind && !$0.value.isNull }
            var own = try index.map { index throws(StorageError) in try entries[index].value.entries(kind) } ?? []
            for entry in try added.entries(kind) {
                guard let known = own.first(where: { $0.key == entry.key }) else {
                    own.append(entry)
                    continue
                }
                let isSame =
                    known.value.hasContent(of: entry.value)
                    && known.value.directories(default: directory) == entry.value.directories(default: directory)
                guard isSame else { throw conflict("\(kind).\(entry.key.printable(limit: 80))", entry, known) }
            }
            var value = index.map { entries[$0].value } ?? added
            value.content = .mapping(own)
            if let index {
                entries[index].value = value
            } else {
                entries.removeAll { $0.key == kind }
                entries.append(ComposeEntry(key: kind, place: added.place, value: value))
            }
        }
        var result = node
        result.content = .mapping(entries)
        return result
    }

    private func conflict(_ name: String, _ added: ComposeEntry, _ known: ComposeEntry) -> StorageError {
        place.fault(
            "\(name) is in the included file, at \(added.place.words), and another at \(known.place.words)",
            code: .conflict, hint: "rename one of the two; an override file can change what is included")
    }
}

extension ComposeNode {
    /// What the paths in a service or a volume are relative to.
    fileprivate func directories(default directory: String) -> Set<String> {
        var result: Set<String> = []
        func note(_ node: ComposeNode?) {
            guard let node, case .text(let text) = node.content, !text.hasPrefix("/"), !text.hasPrefix("~") else {
                return
            }
            result.insert(node.place.source.directory ?? directory)
        }
        for mount in self["volumes"]?.oneOrMany ?? [] {
            switch mount.content {
            case .text(let text): if text.hasPrefix(".") { note(mount) }
            case .mapping:
                if case .text("bind")? = mount["type"]?.content { note(mount["source"]) }
            case .null, .list: break
            }
        }
        note(self["driver_opts"]?["device"])
        return result
    }
}
