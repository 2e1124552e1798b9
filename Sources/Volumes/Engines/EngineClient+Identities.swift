internal import FileTree
package import StorageModel

extension EngineClient {
    /// Which ids of this host are which in the containers of the engine, where it has one user namespace for all of them.
    /// Cost: a call of the client.
    ///
    /// - Returns: `nil` where ids are the same inside and outside, where each container has ids of its own (`--userns=auto`),
    ///   where the map is written nowhere on this host, and for a process that is itself in a user namespace: what it sees
    ///   are not the host's ids.
    /// - Throws: what keeps the engine from answering.
    package func ownerMapping() throws(StorageError) -> IdentityMapping? {
        guard UserNamespace.isInitial else { return nil }
        switch engine {
        case .docker: return try dockerMapping()
        case .podman: return try podmanMapping()
        }
    }

    /// With `userns-remap` a data root ends in the ids of its containers' root, which are the first of the ranges of the user
    /// whom the daemon was told to take. A rootless daemon's data root belongs to the user who is root in its containers, and the
    /// other ids are the user's ranges (docs.docker.com/engine/security/userns-remap, …/rootless).
    private func dockerMapping() throws(StorageError) -> IdentityMapping? {
        let format = "[{{json .SecurityOptions}},{{json .DockerRootDir}}]"
        let parts = try EngineAnswers(engine: engine).elements(
            try demand(["info", "--format", format], "say which ids its containers have").output)
        guard parts.count == 2, let options = parts[0].texts, let root = parts[1].text else {
            throw failure("it does not say how containers are kept apart")
        }
        if options.contains("name=rootless") { return Self.rootlessMapping(dataRoot: root) }
        guard options.contains("name=userns") else { return nil }
        let suffix = root.split(separator: "/").last?.split(separator: ".").compactMap { UInt32($0) } ?? []
        guard suffix.count == 2, suffix[0] != 0 else { return nil }
        let identities = SubordinateIdentities(parsing: Self.text("/etc/subuid"))
        guard let owner = identities.ranges.first(where: { $0.first == suffix[0] })?.user else { return nil }
        let mapping = identities.mapping(of: [owner], from: 0)
        return mapping?.outside(of: 0) == suffix[0] ? mapping : nil
    }

    private static func rootlessMapping(dataRoot: String) -> IdentityMapping? {
        guard let uid = try? Descriptor.openPlace(atHostPath: dataRoot).status().uid, uid != 0 else { return nil }
        let names = text("/etc/passwd").split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            return fields.count > 2 && fields[2] == "\(uid)" ? String(fields[0]) : nil
        }
        let identities = SubordinateIdentities(parsing: text("/etc/subuid"))
        return identities.mapping(of: Set(names + ["\(uid)"]), from: 1, besides: "0:\(uid):1")
    }

    private func podmanMapping() throws(StorageError) -> IdentityMapping? {
        let answer = try demand(
            ["info", "--format", "[{{json .Host.IDMappings}}]"], "say which ids its containers have")
        let entries = try EngineAnswers(engine: engine).elements(answer.output).first?["uidmap"]?.elements ?? []
        if entries.isEmpty { return nil }
        var parts: [String] = []
        for entry in entries {
            guard let inside = entry["container_id"]?.count, let outside = entry["host_id"]?.count,
                let count = entry["size"]?.count
            else { throw failure("its map of ids is not of the known form") }
            parts.append("\(inside):\(outside):\(count)")
        }
        return try IdentityMapping(parts.joined(separator: ","))
    }

    /// A file that cannot be read says nothing.
    private static func text(_ path: String) -> String {
        guard let bytes = try? Descriptor.openFile(atHostPath: path).readToEnd(limitBytes: 16 << 20) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }
}
