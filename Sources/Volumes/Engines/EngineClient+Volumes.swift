package import StorageModel

extension EngineClient {
    /// So many names go into one command line.
    private static let batchSize = 200

    /// - Throws: ``StorageError/Code/notFound`` if the engine has no volume of exactly that name.
    package func volume(named name: VolumeName) throws(StorageError) -> EngineVolume {
        guard let volume = try find([name]).first else {
            throw StorageError(
                .notFound, object: "\(engine.rawValue):\(name)", "\(engine.title) has no volume '\(name)'",
                hint: "\(engine.rawValue) volume ls shows its volumes")
        }
        return volume
    }

    /// All volumes of the engine. Two calls for every 200 volumes.
    package func list() throws(StorageError) -> EngineVolumeList {
        let lines = try demand(["volume", "ls", "--quiet"], "list its volumes").lines
        let answers = EngineAnswers(engine: engine)
        let names = lines.compactMap { answers.reference($0)?.name }
        let unnamed = lines.filter { answers.reference($0) == nil }.map { $0.printable(limit: 200) }
        return EngineVolumeList(volumes: try find(Set(names).sorted()), unnamed: unnamed)
    }

    /// The volumes of these names that there are, in the same order.
    private func find(_ names: [VolumeName]) throws(StorageError) -> [EngineVolume] {
        let answers = EngineAnswers(engine: engine)
        var found: [VolumeName: EngineVolume] = [:]
        var rest = names[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.batchSize)
            rest = rest.dropFirst(batch.count)
            let answer = try ask(["volume", "inspect", "--"] + batch.map(\.rawValue))
            // Of several volumes, those that are missing are complained of and the others told.
            guard answer.status == 0 || answer.saysNoSuchVolume else { throw refusal(of: answer, "tell its volumes") }
            for volume in try answers.volumes(answer.output) { found[volume.reference.name] = volume }
        }
        // Podman finds a volume by the beginning of its name too: that is another one.
        return names.compactMap { found[$0] }
    }

    /// Makes a volume of the engine's driver `local`, or finds the one that another process made of that name meanwhile.
    ///
    /// - Returns: the volume as the engine has it now.
    /// - Throws: ``StorageError/Code/system`` with the engine's words, such as of an option that it does not know.
    package func create(
        _ name: VolumeName, labels: [String: String], options: [String: String]
    ) throws(StorageError) -> EngineVolume {
        // Podman before 5 takes a label for a line of comma-separated values, later ones as it is.
        let needsQuotes =
            engine == .podman && labels.contains { ($0.key + $0.value).contains { ",\"\n\r".contains($0) } }
        try create(name, labels.map { "\($0.key)=\($0.value)" }.map { needsQuotes ? $0.quoted : $0 }, options)
        let made = try volume(named: name)
        guard needsQuotes && made.labels != labels else { return made }
        try remove(name)
        try create(name, labels.map { "\($0.key)=\($0.value)" }, options)
        return try volume(named: name)
    }

    private func create(
        _ name: VolumeName, _ labels: [String], _ options: [String: String]
    ) throws(StorageError) {
        var arguments = ["volume", "create"]
        for label in labels.sorted() { arguments += ["--label", label] }
        for (key, value) in options.sorted(by: { $0.key < $1.key }) { arguments += ["--opt", "\(key)=\(value)"] }
        try demand(
            arguments + ["--", name.rawValue], "create volume '\(name)'",
            hint: "make it by hand (\(engine.rawValue) volume create \(name)), then restore into it while it is empty")
    }

    /// Removes a volume that no container refers to.
    package func remove(_ name: VolumeName) throws(StorageError) {
        try demand(["volume", "rm", "--", name.rawValue], "remove volume '\(name)'")
    }

    /// The running containers that use the volume: each its short id and its name.
    package func runningContainers(using name: VolumeName) throws(StorageError) -> [String] {
        try demand(
            ["ps", "--filter", "volume=\(name)", "--format", "{{.Names}} ({{.ID}})"], "tell who uses volume '\(name)'"
        ).lines.map { $0.printable(limit: 200) }
    }

    /// The ids of the containers, running or not, that refer to each volume. Two calls, whatever their number.
    package func references() throws(StorageError) -> [VolumeName: [String]] {
        let ids = try demand(["ps", "--all", "--quiet", "--no-trunc"], "list its containers").lines
        guard !ids.isEmpty else { return [:] }
        // Containers that are removed meanwhile are complained of. The two clients have other words in templates, not in JSON.
        let answer = try ask(["container", "inspect"] + ids)
        guard answer.status == 0 || answer.complaints.contains(where: { $0.lowercased().contains("no such") }) else {
            throw refusal(of: answer, "tell its containers")
        }
        var result: [VolumeName: Set<String>] = [:]
        for container in try EngineAnswers(engine: engine).elements(answer.output) {
            guard let id = container["Id"]?.text else { continue }
            for mount in container["Mounts"]?.elements ?? [] where mount["Type"]?.text == "volume" {
                guard let text = mount["Name"]?.text, let name = EngineAnswers(engine: engine).reference(text)?.name
                else { continue }
                result[name, default: []].insert(id.printable(limit: 64))
            }
        }
        return result.mapValues { $0.sorted() }
    }
}

extension String {
    /// As one field of a line of comma-separated values (RFC 4180).
    fileprivate var quoted: String {
        "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
