internal import StorageModel

/// Reads the top-level `volumes` of a compose file.
enum ComposeVolumeReader {
    private static let keys = ["name", "driver", "driver_opts", "external", "labels"]

    static func read(
        _ node: ComposeNode, project: ComposeProjectName, directory: String, notes: inout [String]
    ) throws(StorageError) -> [ComposeVolume] {
        var volumes: [ComposeVolume] = []
        for entry in try node.entries("volumes") {
            volumes.append(try volume(entry, project, directory, &notes))
        }
        return volumes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    private static func volume(
        _ entry: ComposeEntry, _ project: ComposeProjectName, _ directory: String, _ notes: inout [String]
    ) throws(StorageError) -> ComposeVolume {
        let path = "volumes.\(entry.key.printable(limit: 80))"
        let node = entry.value
        _ = try node.entries(path, keys: keys)
        let external = try external(node, path, &notes)
        if external.isExternal {
            for key in ["driver", "driver_opts", "labels"] {
                guard let other = node[key] else { continue }
                throw other.place.fault(
                    "\(path) is external, and has '\(key)' all the same",
                    hint: "leave out one of the two: who makes the volume decides what it is like")
            }
        }
        let named = try node["name"].map { name throws(StorageError) in try name.text("\(path).name") }
        if let named, let other = external.name, named != other {
            throw entry.place.fault("\(path) has a name, and another in 'external'", hint: "write it in 'name' alone")
        }
        let name = named ?? external.name ?? (external.isExternal ? entry.key : "\(project)_\(entry.key)")
        do throws(StorageError) { _ = try VolumeName(name) } catch {
            throw (node["name"]?.place ?? entry.place).fault(error.message, hint: error.hint)
        }
        return ComposeVolume(
            key: entry.key, name: name,
            driver: try node["driver"].map { driver throws(StorageError) in try driver.text("\(path).driver") }
                ?? VolumeRequest.localDriver,
            options: try options(node, path, directory), labels: try node["labels"]?.pairs("\(path).labels") ?? [:],
            isExternal: external.isExternal, place: entry.place, project: project)
    }

    private static func options(
        _ node: ComposeNode, _ path: String, _ directory: String
    ) throws(StorageError) -> [String: String] {
        guard let options = node["driver_opts"] else { return [:] }
        guard case .mapping = options.content else {
            throw options.place.fault("\(path).driver_opts is not a mapping", hint: "write KEY: VALUE")
        }
        var result = try options.pairs("\(path).driver_opts")
        // A directory of the host is relative to the file, as that of a mount is.
        if result["o"] == "bind", let device = result["device"], !device.isEmpty, !device.hasPrefix("/") {
            result["device"] = ComposeModel.joined(options.place.source.directory ?? directory, device)
        }
        return result
    }

    /// `external: true`, or the older `external: {name: …}`.
    private static func external(
        _ node: ComposeNode, _ path: String, _ notes: inout [String]
    ) throws(StorageError) -> (isExternal: Bool, name: String?) {
        guard let external = node["external"] else { return (false, nil) }
        guard case .mapping = external.content else { return (try external.flag("\(path).external"), nil) }
        _ = try external.entries("\(path).external", keys: ["name"])
        guard let name = external["name"] else { return (true, nil) }
        notes.append("\(name.place.words): 'external.name' is deprecated: write 'name' and 'external: true'")
        return (true, try name.text("\(path).external.name"))
    }
}
