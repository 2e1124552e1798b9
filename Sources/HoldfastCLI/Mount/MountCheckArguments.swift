internal import Holdfast
internal import StorageModel

/// The values of the flags of `mount check`, and what is done with them.
struct MountCheckArguments {
    var volumes: [String] = []
    var mounts: [String] = []
    var tmpfs: [String] = []
    var volumesFrom: [String] = []
    var user: String?
    var groups: [String] = []
    var mapping: String?
    var image: String?
    var droppedCapabilities: [String] = []
    var addedCapabilities: [String] = []
    var policy: String?
    var root: String?
    var isRootless = false
    var isJSON = false

    func run(_ console: Console) throws {
        for text in volumes + mounts + tmpfs + volumesFrom { try RawArguments.refuseEscapes(in: text) }
        let wanted = try MountArguments.parse(
            volumes: volumes, mounts: mounts, tmpfs: tmpfs, volumesFrom: volumesFrom)
        guard wanted != .none else {
            throw StorageError(.invalidInput, "there is no mount to check", hint: "name one with -v or --mount")
        }
        let request = MountCheckRequest(
            mounts: wanted, user: user, groups: groups,
            mapping: try mapping.map { text throws(StorageError) in try IdentityMapping(text) },
            capabilities: try Capabilities.inForce(added: addedCapabilities, dropped: droppedCapabilities),
            image: image, isRootless: isRootless, policyPath: policy)
        let report = try Store.checkMounts(request, at: root)
        switch report.verdict {
        case .allowed: break
        case .warning: console.note(.warnings)
        case .denied: console.note(.denied)
        }
        if isJSON { return try console.print(MountCheckRow.json(report)) }
        try console.print(MountCheckRow.text(report))
    }
}

extension MountCheckArguments {
    /// Takes the flags from a command line by itself, which is done in half the time of the parser: whoever starts a container
    /// asks before each one.
    ///
    /// - Returns: `nil` for anything out of the ordinary, help and mistakes included: that is left to the parser.
    init?(plain arguments: ArraySlice<String>) {
        var rest = arguments
        while let argument = rest.popFirst() {
            switch argument {
            case "--rootless": isRootless = true
            case "--json": isJSON = true
            default:
                let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let isJoined = argument.hasPrefix("--") && parts.count == 2
                guard let value = isJoined ? String(parts[1]) : rest.popFirst(), isJoined || !value.hasPrefix("-"),
                    set(isJoined ? String(parts[0]) : argument, to: value)
                else { return nil }
            }
        }
    }

    /// - Returns: whether the flag is known and may have this value.
    private mutating func set(_ flag: String, to value: String) -> Bool {
        switch flag {
        case "-v", "--volume": volumes.append(value)
        case "--mount": mounts.append(value)
        case "--tmpfs": tmpfs.append(value)
        case "--volumes-from": volumesFrom.append(value)
        case "--group-add": groups.append(value)
        case "--cap-drop": droppedCapabilities.append(value)
        case "--cap-add": addedCapabilities.append(value)
        case "-u", "--user": user = value
        case "--userns": mapping = value
        case "--image": image = value
        case "--policy": policy = value
        case "--root": root = value
        default: return false
        }
        return true
    }
}
