internal import StorageModel

/// The document `config.json` of a bundle (OCI runtime specification 1.0.2, "Configuration" and "Linux Container
/// Configuration"), with Docker's defaults.
struct RuntimeConfiguration: Sendable {
    let id: ContainerID
    /// The root file system, absolute.
    let rootPath: String
    let arguments: [String]
    let environment: [String]
    let workingDirectory: String
    let user: ContainerUser
    let hasTerminal: Bool
    let isReadOnly: Bool
    let mapping: IdentityMapping?
    /// In addition to the standard ones, and after them; in place of those at the same destination.
    let mounts: [RuntimeMount]

    var json: JSONValue {
        [
            "ociVersion": .string("1.0.2"),
            "process": process,
            "root": ["path": .string(rootPath), "readonly": .boolean(isReadOnly)],
            "hostname": .string(id.short),
            "mounts": .array((RuntimeMount.standard(mapping, without: mounts) + mounts).map(\.json)),
            "linux": .object(linux),
        ]
    }

    private var process: JSONValue {
        let groups = [user.gid] + user.supplementaryGroups
        return [
            "terminal": .boolean(hasTerminal),
            "user": [
                "uid": .unsigned(UInt64(user.uid)), "gid": .unsigned(UInt64(user.gid)),
                // The primary group belongs in it too: without it a process could shed the group and with it a denial
                // (CVE-2022-36109).
                "additionalGids": .array(groups.map { .unsigned(UInt64($0)) }),
            ],
            "args": Self.texts(arguments), "env": Self.texts(environment), "cwd": .string(workingDirectory),
            "capabilities": capabilities,
        ]
    }

    /// Another user than root has none of them in force, as after execve(2) of a process that gave up root.
    private var capabilities: JSONValue {
        let all = Self.texts(Confinement.capabilities)
        let inForce = user.uid == 0 ? all : .array([])
        return ["bounding": all, "permitted": inForce, "effective": inForce]
    }

    private var linux: [String: JSONValue] {
        var namespaces = ["pid", "ipc", "uts", "mount", "network"]
        var members: [String: JSONValue] = [
            "cgroupsPath": .string("/holdfast/\(id)"),
            // Devices other than the runtime's own few are out of reach.
            "resources": ["devices": [["allow": .boolean(false), "access": .string("rwm")]]],
            "maskedPaths": Self.texts(Confinement.maskedPaths),
            "readonlyPaths": Self.texts(Confinement.readOnlyPaths),
        ]
        if let mapping {
            namespaces.append("user")
            let ranges = JSONValue.array(
                mapping.ranges.map { range in
                    [
                        "containerID": .unsigned(UInt64(range.inside)), "hostID": .unsigned(UInt64(range.outside)),
                        "size": .unsigned(UInt64(range.count)),
                    ]
                })
            members["uidMappings"] = ranges
            members["gidMappings"] = ranges
        }
        // Where mounts shall spread between host and container, the container's root must let them pass.
        let propagations = Set(mounts.flatMap(\.options))
        if !propagations.isDisjoint(with: ["shared", "rshared"]) {
            members["rootfsPropagation"] = .string("shared")
        } else if !propagations.isDisjoint(with: ["slave", "rslave"]) {
            members["rootfsPropagation"] = .string("rslave")
        }
        members["namespaces"] = .array(namespaces.map { ["type": .string($0)] })
        return members
    }

    private static func texts(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
