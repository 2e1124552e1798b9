package import StorageModel

/// The storage half of one or several compose files: volumes, and what services mount.
///
/// ```swift
/// let project = try ComposeProject.load(
///     [ComposeSource(name: "compose.yaml", text: text)], directory: "/srv/shop", name: nil, environment: [:])
/// project.volumes.map(\.name)         // shop_db, …
/// ```
package struct ComposeProject: Sendable {
    package let name: ComposeProjectName
    /// The directory of the first file: what relative paths are relative to.
    package let directory: String
    /// In the byte order of their names in the file.
    package let volumes: [ComposeVolume]
    /// All, also those whose profiles are not asked for: others may take their mounts.
    package let services: [ComposeService]
    /// What somebody should know of the files.
    package let notes: [String]

    /// - Parameters:
    ///   - sources: the files, of which a later one comes over an earlier one.
    ///   - directory: absolute.
    ///   - name: what the command line says; `nil` for `COMPOSE_PROJECT_NAME`, else `name` in the files, else the directory.
    ///   - environment: that of the process.
    ///   - environmentFile: the file `.env` in the directory; the environment counts more.
    ///   - profiles: those of services that are asked for; if empty, those of `COMPOSE_PROFILES`.
    ///   - files: gives a file that others refer to, by its absolute path; `nil` if it is missing.
    /// - Throws: ``StorageModel/StorageError/Code/invalidInput`` with the line, for what is no compose file.
    package static func load(
        _ sources: [ComposeSource], directory: String, name: String?, environment: [String: String],
        environmentFile: ComposeSource? = nil, profiles: [String] = [],
        files: @escaping (String) throws(StorageError) -> ComposeSource? = { _ in nil }
    ) throws(StorageError) -> ComposeProject {
        var values = environment
        if let environmentFile {
            values = try EnvironmentFile.parse(environmentFile, environment: environment).merging(environment) { $1 }
        }
        let chosen = try projectName(name, sources, directory, values)
        values["COMPOSE_PROJECT_NAME"] = chosen.rawValue
        let model = ComposeModel(files: files)
        guard let merged = try model.read(sources, in: directory, values: values)?.withoutResets() else {
            let file = sources.first?.name ?? ""
            throw StorageError(.invalidInput, object: file, "the compose file '\(file.printable(limit: 200))' is empty")
        }
        let chosenProfiles = profiles.isEmpty ? Self.profiles(values["COMPOSE_PROFILES"] ?? "") : profiles
        return try project(merged, chosen, directory, home: values["HOME"], Set(chosenProfiles), model)
    }

    private static func profiles(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == " " }.map(String.init)
    }

    private static func project(
        _ root: ComposeNode, _ name: ComposeProjectName, _ directory: String, home: String?, _ profiles: Set<String>,
        _ model: ComposeModel
    ) throws(StorageError) -> ComposeProject {
        _ = try root.entries("the file")
        var notes: [String] = []
        let volumes = try root["volumes"].map { node throws(StorageError) in
            try ComposeVolumeReader.read(node, project: name, directory: directory, notes: &notes)
        }
        let reader = ComposeServiceReader(
            volumes: Dictionary((volumes ?? []).map { ($0.key, $0) }) { $1 }, directory: directory, profiles: profiles,
            home: home)
        var services: [ComposeService] = []
        for entry in try root["services"]?.entries("services") ?? [] {
            services.append(try reader.read(entry, notes: &notes))
        }
        try refuseUnknownServices(services)
        notes += model.missingVariables.map {
            "the variable \($0.printable(limit: 80)) is not set: it counts as empty"
        }
        return ComposeProject(
            name: name, directory: directory, volumes: volumes ?? [],
            services: services.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }, notes: notes)
    }

    /// `volumes_from` names services of the file, and no service in a circle.
    private static func refuseUnknownServices(_ services: [ComposeService]) throws(StorageError) {
        let byName = Dictionary(services.map { ($0.name, $0) }) { $1 }
        var finished: Set<String> = []
        for service in services {
            var trail = [service.name]
            try follow(service, byName, &trail, &finished)
        }
    }

    /// - Parameter finished: the services of which it is known that nothing they take from leads back to them.
    private static func follow(
        _ service: ComposeService, _ services: [String: ComposeService], _ trail: inout [String],
        _ finished: inout Set<String>
    ) throws(StorageError) {
        guard !finished.contains(service.name) else { return }
        guard trail.count <= limitTrail else {
            throw service.volumesFrom[0].place.fault(
                "more than \(limitTrail) services take their mounts one from another", code: .limitExceeded)
        }
        for inheritance in service.volumesFrom {
            guard case .service(let name) = inheritance.source else { continue }
            guard let next = services[name] else {
                throw inheritance.place.fault(
                    "there is no service '\(name.printable(limit: 80))' to take mounts from",
                    hint: "a container that is not of the file is written container:\(name.printable(limit: 80))")
            }
            guard !trail.contains(name) else {
                throw inheritance.place.fault(
                    "services take their mounts from each other: \((trail + [name]).joined(separator: ", "))")
            }
            trail.append(name)
            try follow(next, services, &trail, &finished)
            trail.removeLast()
        }
        finished.insert(service.name)
    }

    private static let limitTrail = 100

    /// Whether only services mount the volume whose profiles are not asked for.
    package func isIdle(_ volume: ComposeVolume) -> Bool {
        let users = services.filter { $0.mentions(volume) }
        return !users.isEmpty && users.allSatisfy { !$0.isEnabled }
    }

    // MARK: The name

    private static func projectName(
        _ given: String?, _ sources: [ComposeSource], _ directory: String, _ values: [String: String]
    ) throws(StorageError) -> ComposeProjectName {
        if let given { return try ComposeProjectName(given) }
        if let name = values["COMPOSE_PROJECT_NAME"], !name.isEmpty { return try ComposeProjectName(name) }
        var written: String?
        // Variables that the name does not need may be missing here; they are met again.
        let variables = ComposeVariables(values)
        for source in sources {
            guard let name = try ComposeReader.name(in: source, variables) else { continue }
            written = name
        }
        if let written, let name = ComposeProjectName(normalizing: written) { return name }
        let last = directory.split(separator: "/").last.map(String.init) ?? ""
        if let name = ComposeProjectName(normalizing: last) { return name }
        throw StorageError(
            .invalidInput, object: directory,
            "no name for the project can be made of the directory '\(directory.printable(limit: 200))'",
            hint: "name it with -p NAME, or with 'name:' in the file")
    }
}
