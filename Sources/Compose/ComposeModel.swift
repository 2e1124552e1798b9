internal import StorageModel

/// The content of compose files with all that they refer to: `include` and `extends` (Compose specification, "Include",
/// "Extends").
///
/// An included project is added to the file that names it, and may have nothing else under the same name; what it says of
/// paths is relative to its own directory, and its own `.env` fills in for variables that are not set. A service that extends
/// another is merged over it, as a later file over an earlier one. Kept is only what is about storage.
final class ComposeModel {
    /// A file that others refer to; `nil` if it is missing. The path is absolute.
    typealias Files = (_ path: String) throws(StorageError) -> ComposeSource?

    private static let limitBytes = 64 << 20
    private static let limitIncludes = 1000
    private static let limitTrail = 100

    private let files: Files
    private let budget = ComposeBudget()
    private var sources: [String: ComposeSource] = [:]
    private var variables: [ComposeVariables] = []
    private var parsedBytes = 0
    private var includes = 0

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
    ///   - trail: the files that include these, by path.
    func read(
        _ sources: [ComposeSource], in directory: String, values: [String: String], trail: [String] = []
    ) throws(StorageError) -> ComposeNode? {
        let variables = ComposeVariables(values)
        self.variables.append(variables)
        var merged: ComposeNode?
        // Each file once, however many services extend one of it.
        var extended: [String: ComposeExtension] = [:]
        func other(_ place: ComposePlace, _ path: String) throws(StorageError) -> ComposeExtension {
            if let known = extended[path] { return known }
            let source = try file(path, place)
            let moved = ComposeSource(
                name: source.name, text: source.text, directory: Self.directory(of: path), path: path)
            guard let node = try parse(moved, variables, place) else {
                throw place.fault("the file '\(path.printable(limit: 200))' is empty")
            }
            let made = ComposeExtension(node, directory: Self.directory(of: path), file: path, budget, other)
            extended[path] = made
            return made
        }
        for source in sources {
            guard var node = try parse(source, variables, nil) else { continue }
            if let include = node["include"] {
                let path = source.path.map { [$0] } ?? []
                node = try including(include, in: node, directory, values, trail + path)
            }
            node = try ComposeExtension(node, directory: directory, file: source.path ?? source.name, budget, other)
                .resolved()
            merged = if let earlier = merged { try ComposeMerging.merge(earlier, node) } else { node }
        }
        return merged
    }

    private func parse(
        _ source: ComposeSource, _ variables: ComposeVariables, _ place: ComposePlace?
    ) throws(StorageError) -> ComposeNode? {
        parsedBytes += source.text.utf8.count
        guard parsedBytes <= Self.limitBytes else {
            let start = ComposePlace(source: source, line: 1, column: 1)
            throw (place ?? start).fault("the files that refer to each other are too large", code: .limitExceeded)
        }
        let node = try ComposeReader.read(source, variables)?.withStorageAlone()
        if let node { try budget.take(node, at: node.place) }
        return node
    }

    private func file(_ path: String, _ place: ComposePlace) throws(StorageError) -> ComposeSource {
        if let known = sources[path] { return known }
        guard let source = try files(path) else {
            throw place.fault(
                "there is no file '\(path.printable(limit: 200))'", code: .notFound,
                hint: "paths are relative to the directory of the file that names them")
        }
        sources[path] = source
        return source
    }

    // MARK: Include

    private func including(
        _ include: ComposeNode, in node: ComposeNode, _ directory: String, _ values: [String: String], _ trail: [String]
    ) throws(StorageError) -> ComposeNode {
        var result = node
        for (index, item) in try include.list("include").enumerated() {
            let entry = try ComposeInclusion(item, "include[\(index)]", in: directory)
            includes += 1
            guard includes <= Self.limitIncludes, trail.count <= Self.limitTrail else {
                throw item.place.fault("too many files include each other", code: .limitExceeded)
            }
            var sources: [ComposeSource] = []
            for path in entry.paths {
                guard !trail.contains(path) else {
                    throw item.place.fault("the file includes itself: \((trail + [path]).joined(separator: ", "))")
                }
                let source = try file(path, item.place)
                sources.append(
                    ComposeSource(name: source.name, text: source.text, directory: entry.directory, path: path))
            }
            let values = try environment(entry, values)
            guard let included = try read(sources, in: entry.directory, values: values, trail: trail) else { continue }
            _ = try included.entries("the included file")
            result = try entry.adding(included, to: result, whoseDirectory: directory)
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
            let known = result.merging(values) { $1 }
            result.merge(try EnvironmentFile.parse(source, environment: known)) { $1 }
        }
        return result.merging(values) { $1 }
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
