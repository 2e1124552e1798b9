internal import StorageModel

/// Puts the services of a file that extend others over them; each once.
final class ComposeExtension {
    /// Another file, by its absolute path.
    typealias Other = (ComposePlace, String) throws(StorageError) -> ComposeExtension

    private static let limitDepth = 50

    private let node: ComposeNode
    private let directory: String
    private let file: String
    private let budget: ComposeBudget
    private let other: Other
    private var known: [String: ComposeNode] = [:]

    /// - Parameters:
    ///   - node: of the file.
    ///   - directory: what paths in it are relative to.
    ///   - file: how messages call it.
    init(
        _ node: ComposeNode, directory: String, file: String, _ budget: ComposeBudget, _ other: @escaping Other
    ) {
        self.node = node
        self.directory = directory
        self.file = file
        self.budget = budget
        self.other = other
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
    private func resolved(
        _ name: String, _ place: ComposePlace, trail: [ComposeStep]
    ) throws(StorageError) -> ComposeNode {
        if let known = known[name] { return known }
        guard let own = try node["services"]?.entries("services").first(where: { $0.key == name })?.value else {
            throw place.fault(
                "there is no service '\(name.printable(limit: 80))' to extend in \(file.printable(limit: 200))")
        }
        guard let extends = own["extends"] else { return own }
        let step = ComposeStep(service: name, file: file)
        guard !trail.contains(step) else {
            let steps = (trail + [step]).map(\.description).joined(separator: ", ")
            throw extends.place.fault("services extend each other: \(steps)")
        }
        guard trail.count < Self.limitDepth else {
            throw extends.place.fault("too many services extend one another", code: .limitExceeded)
        }
        let base = try base(extends, "services.\(name.printable(limit: 80)).extends", trail + [step])
        try budget.take(base, at: extends.place)
        let result = try ComposeMerging.merge(
            base.asBase(), own.without("extends"), path: ["services", name], keepsResets: true)
        known[name] = result
        return result
    }

    private func base(
        _ extends: ComposeNode, _ path: String, _ trail: [ComposeStep]
    ) throws(StorageError) -> ComposeNode {
        if case .text(let name) = extends.content { return try resolved(name, extends.place, trail: trail) }
        _ = try extends.entries(path, keys: ["service", "file"])
        guard let service = extends["service"] else {
            throw extends.place.fault("\(path) has no service", hint: "write service: NAME")
        }
        let name = try service.text("\(path).service")
        guard let other = extends["file"] else { return try resolved(name, service.place, trail: trail) }
        let found = try ComposeInclusion.path(other, "\(path).file", directory)
        return try self.other(other.place, found).resolved(name, service.place, trail: trail)
    }
}

/// A service on the way from one that extends to what it extends.
private struct ComposeStep: Equatable, CustomStringConvertible {
    let service: String
    let file: String

    var description: String { "\(service.printable(limit: 80)) of \(file.printable(limit: 200))" }
}

extension ComposeNode {
    /// A mapping without one of its keys.
    fileprivate func without(_ key: String) -> ComposeNode {
        guard case .mapping(let entries) = content else { return self }
        var result = self
        result.content = .mapping(entries.filter { $0.key != key })
        return result
    }

    /// What others extend: its tags were for its own file.
    fileprivate func asBase() -> ComposeNode {
        var result = without("extends")
        result.replacement = nil
        guard case .mapping(let entries) = result.content else { return result }
        result.content = .mapping(
            entries.filter { $0.value.replacement != .reset }.map { entry in
                var plain = entry
                plain.value.replacement = nil
                return plain
            })
        return result
    }
}
