internal import StorageModel

/// Puts services that extend others over them.
struct ComposeExtension {
    private static let limitDepth = 50

    private let node: ComposeNode
    private let directory: String
    private let file: String
    /// The content of another file, by its absolute path.
    private let read: (ComposePlace, String) throws(StorageError) -> ComposeNode?

    /// - Parameters:
    ///   - node: of the file.
    ///   - directory: what paths in it are relative to.
    ///   - file: how messages call it.
    init(
        _ node: ComposeNode, directory: String, file: String,
        read: @escaping (ComposePlace, String) throws(StorageError) -> ComposeNode?
    ) {
        self.node = node
        self.directory = directory
        self.file = file
        self.read = read
    }

    /// The file, in which no service extends another any more.
    func resolved() throws(StorageError) -> ComposeNode {
        guard case .mapping(var entries) = node.content,
            let index = entries.firstIndex(where: { $0.key == "services" && !$0.value.isNull })
        else { return node }
        var services = try entries[index].value.entries("services")
        guard services.contains(where: { $0.value["extends"] != nil }) else { return node }
        for (position, service) in services.enumerated() {
            services[position].value = try resolved(service.key, service.place, trail: [])
        }
        entries[index].value.content = .mapping(services)
        var result = node
        result.content = .mapping(entries)
        return result
    }

    /// - Parameters:
    ///   - place: where the service is asked for.
    ///   - trail: what extends it, with the files.
    private func resolved(_ name: String, _ place: ComposePlace, trail: [String]) throws(StorageError) -> ComposeNode {
        let shown = name.printable(limit: 80)
        guard let own = node["services"]?[name] else {
            if let entry = try node["services"]?.entries("services").first(where: { $0.key == name }) {
                return entry.value
            }
            throw place.fault("there is no service '\(shown)' to extend in \(file.printable(limit: 200))")
        }
        guard let extends = own["extends"] else { return own }
        let step = "\(shown) of \(file.printable(limit: 200))"
        guard !trail.contains(step) else {
            throw extends.place.fault("services extend each other: \((trail + [step]).joined(separator: ", "))")
        }
        guard trail.count < Self.limitDepth else {
            throw extends.place.fault("too many services extend one another", code: .limitExceeded)
        }
        let base = try base(extends, "services.\(shown).extends", trail + [step])
        return try ComposeMerging.merge(
            base.without("extends"), own.without("extends"), path: ["services", name])
    }

    private func base(
        _ extends: ComposeNode, _ path: String, _ trail: [String]
    ) throws(StorageError) -> ComposeNode {
        if case .text(let name) = extends.content { return try resolved(name, extends.place, trail: trail) }
        _ = try extends.entries(path, keys: ["service", "file"])
        guard let service = extends["service"] else {
            throw extends.place.fault("\(path) has no service", hint: "write service: NAME")
        }
        let name = try service.text("\(path).service")
        guard let other = extends["file"] else { return try resolved(name, service.place, trail: trail) }
        let found = ComposeModel.joined(directory, try other.text("\(path).file"))
        guard let content = try read(other.place, found) else {
            throw other.place.fault("the file '\(found.printable(limit: 200))' is empty")
        }
        return try ComposeExtension(
            content, directory: ComposeModel.directory(of: found), file: found, read: read
        ).resolved(name, service.place, trail: trail)
    }
}

extension ComposeNode {
    /// A mapping without one of its keys.
    fileprivate func without(_ key: String) -> ComposeNode {
        guard case .mapping(let entries) = content else { return self }
        var result = self
        result.content = .mapping(entries.filter { $0.key != key })
        return result
    }
}
