internal import StorageModel

/// A container's mount as it is printed.
enum MountRow {
    /// The keys are a promise to scripts.
    static func json(_ details: MountDetails) -> JSONValue {
        let spec = details.mount.spec
        var members: [String: JSONValue] = [
            "type": .string(spec.kind), "name": .optional(spec.volumeName?.rawValue), "source": .string(details.source),
            "destination": .string(spec.destination.rawValue), "driver": .optional(details.driver),
            "readOnly": .boolean(spec.isReadOnly), "propagation": .string(""), "noCopy": .boolean(false),
            "subpath": .string(""), "anonymous": .boolean(spec.isAnonymousVolume),
            "options": .array(options(of: spec).map { .string($0) }),
        ]
        switch spec.content {
        case .volume(let volume):
            members["noCopy"] = .boolean(!volume.isPopulated)
            members["subpath"] = .string(text(volume.subpath))
        case .bind(let bind): members["propagation"] = .string(bind.propagation.rawValue)
        case .tmpfs(let tmpfs):
            members["sizeBytes"] = tmpfs.sizeBytes.map { .unsigned($0) } ?? .null
            members["mode"] = .string(String(tmpfs.mode, radix: 8))
        case .image(let image): members["subpath"] = .string(text(image.subpath))
        }
        return .object(members)
    }

    private static func text(_ path: EntryPath) -> String { path.isRoot ? "" : path.description }

    static func options(of spec: MountSpec) -> [String] {
        var result: [String] = []
        if spec.restrictions.contains(.noSetID) { result.append("nosuid") }
        if spec.restrictions.contains(.noDevices) { result.append("nodev") }
        if spec.restrictions.contains(.noExecution) { result.append("noexec") }
        switch spec.content {
        case .volume(let volume): result += options(of: volume.access)
        case .bind(let bind):
            if bind.recursion != .enabled { result.append("bind-recursive=\(bind.recursion.rawValue)") }
            result += options(of: bind.access)
        case .tmpfs(let tmpfs): result += tmpfs.options
        case .image: break
        }
        return result
    }

    private static func options(of access: SourceAccess) -> [String] {
        var result: [String] = []
        switch access.identity {
        case .asStored: break
        case .userNamespace: result.append("idmap")
        case .matchUser(let user): result.append("bind-idmap=match-user" + (user.map { ":\($0)" } ?? ""))
        case .mapping(let uids, let gids): result.append("idmap=uids=\(uids);gids=\(gids)")
        }
        if access.overlay != nil { result.append("O") }
        if access.changesOwner { result.append("U") }
        if let label = access.label { result.append(label == .shared ? "z" : "Z") }
        return result
    }
}
