internal import StorageModel

/// The content of compose files with all that they refer to: `include` and `extends` (Compose specification, "Include",
/// "Extends").
///
/// An included project is added to the file that names it, and may have nothing of another kind under the same name; what it
/// says of paths is relative to its own directory, and its own `.env` fills in for variables that are not set. A service that
/// extends another is merged over it, as a later file over an earlier one.
final class ComposeModel {
    /// A file that others refer to; `nil` if it is missing. The path is absolute.
    typealias Files = (_ path: String) throws(StorageError) -> ComposeSource?

    private static let limitFiles = 100

    private let files: Files
    private var variables: [ComposeVariables] = []
    private var readFiles = 0

    init(files: @escaping Files) { self.files = files }

    /// The variables that are not set and have no default, in the order in which they were met.
    var missingVariables: [String] {
        var known: Set<String> = []
        return variables.flatMap(\.missing).filter { known.insert($0).inserted }
    }

    /// Files of one project, of which a later one comes over an earlier one; `nil` if all are empty.
    ///
    /// - Parameters:
    ///   - directory: what paths are relative to.
    ///   - trail: the files that include this one, by path.
    func read(
        _ sources: [ComposeSource], in directory: String, values: [String: String], trail: [String] = []
    ) throws(StorageError) -> ComposeNode? {
        let variables = ComposeVariables(values)
        self.variables.append(variables)
        var merged: ComposeNode?
        for source in sources {
            guard var node = try ComposeReader.read(source, variables) else { continue }
            if let include = node["include"] {
                node = try including(include, in: node, directory, values, trail)
            }
            node = try ComposeExtension(node, directory: directory, file: source.name) {
                (place, path) throws(StorageError) in
                try self.extendedFile(path, variables, place)
            }.resolved()
            merged = if let earlier = merged { try ComposeMerging.merge(earlier, node) } else { node }
        }
        return merged
    }

    /// The content of a file of which a service is extended.
    private func extendedFile(
        _ path: String, _ variables: ComposeVariables, _ place: ComposePlace
    ) throws(StorageError) -> ComposeNode? {
        let source = try file(path, place)
        return try ComposeReader.read(
            ComposeSource(name: source.name, text: source.text, directory: Self.directory(of: path)), variables)
    }

    private func file(_ path: String, _ place: ComposePlace) throws(StorageError) -> ComposeSource {
        readFiles += 1
        guard readFiles <= Self.limitFiles else {
            throw place.fault("more than \(Self.limitFiles) files refer to each other", code: .limitExceeded)
        }
        guard let source = try files(path) else {
            throw place.fault(
                "there is no file '\(path.printable(limit: 200))'", code: .notFound,
                hint: "paths are relative to the directory of the file that names them")
        }
        return source
    }

    // MARK: Include

    private func including(
        _ include: ComposeNode, in node: ComposeNode, _ directory: String, _ values: [String: String], _ trail: [String]
    ) throws(StorageError) -> ComposeNode {
        var result = node
        for (index, item) in try include.list("include").enumerated() {
            let entry = try ComposeInclusion(item, "include[\(index)]", in: directory)
            for path in entry.paths where trail.contains(path) {
                throw item.place.fault("the file includes itself: \((trail + [path]).joined(separator: ", "))")
            }
            var sources: [ComposeSource] = []
            for path in entry.paths {
                let source = try file(path, item.place)
                sources.append(ComposeSource(name: source.name, text: source.text, directory: entry.directory))
            }
            guard
                let included = try read(
                    sources, in: entry.directory, values: try environment(entry, values), trail: trail + entry.paths)
            else { continue }
            _ = try included.entries("the included file")
            result = try Self.adding(included, to: result, item.place)
        }
        return result
    }

    /// What the file's own project has set counts more than the included project's file.
    private func environment(
        _ entry: ComposeInclusion, _ values: [String: String]
    ) throws(StorageError) -> [String: String] {
        var result: [String: String] = [:]
        for path in entry.environmentFiles ?? [Self.joined(entry.directory, ".env")] {
            guard let source = try files(path) else {
                if entry.environmentFiles == nil { continue }
                throw entry.place.fault("there is no file '\(path.printable(limit: 200))'", code: .notFound)
            }
            result.merge(try EnvironmentFile.parse(source, environment: values)) { $1 }
        }
        return result.merging(values) { $1 }
    }

    private static func adding(
        _ included: ComposeNode, to node: ComposeNode, _ place: ComposePlace
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
                guard known.value.hasContent(of: entry.value) else {
                    throw place.fault(
                        "\(kind).\(entry.key.printable(limit: 80)) is in the included file, at \(entry.place.words), and "
                            + "another at \(known.place.words)",
                        code: .conflict, hint: "rename one of the two; an override file can change what is included")
                }
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

    // MARK: Paths

    static func joined(_ directory: String, _ path: String) -> String {
        let absolute = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return (try? ContainerPath(absolute).rawValue) ?? absolute
    }

    static func directory(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }
}

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
        }
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

    private static func path(_ node: ComposeNode, _ name: String, _ parent: String) throws(StorageError) -> String {
        let text = try node.text(name)
        guard !text.contains("://"), !text.hasPrefix("git@"), !text.hasPrefix("oci:"), !text.isEmpty else {
            throw node.place.fault(
                "\(name) is '\(text.printable(limit: 200))', which is no path of a file",
                hint: "fetch it first, and name the file")
        }
        return ComposeModel.joined(parent, text)
    }
}
