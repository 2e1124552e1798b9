internal import StorageModel

/// One entry of `mounts` in a runtime's configuration (OCI runtime specification, "Mounts").
package struct RuntimeMount: Hashable, Sendable {
    /// Absolute, inside the container.
    package let destination: String
    package let type: String
    package let source: String
    package let options: [String]

    package init(destination: String, type: String, source: String, options: [String]) {
        self.destination = destination
        self.type = type
        self.source = source
        self.options = options
    }

    var json: JSONValue {
        [
            "destination": .string(destination), "type": .string(type), "source": .string(source),
            "options": .array(options.map { .string($0) }),
        ]
    }

    /// What of ``standard(_:)`` is left beside others, as Docker has it: others at the same destination take its place, and
    /// another `/dev` comes with all that belongs in it.
    static func standard(_ mapping: IdentityMapping?, without others: [RuntimeMount]) -> [RuntimeMount] {
        let taken = Set(others.map(\.destination))
        return standard(mapping).filter {
            !taken.contains($0.destination) && !(taken.contains("/dev") && $0.destination.hasPrefix("/dev/"))
        }
    }

    /// What Docker mounts in every container, in this order.
    ///
    /// - Parameter mapping: of the container's user namespace: the group `tty` (5) of terminals must have a number there.
    static func standard(_ mapping: IdentityMapping?) -> [RuntimeMount] {
        let closed = ["nosuid", "noexec", "nodev"]
        let hasTerminalGroup = mapping.map { $0.outside(of: 5) != nil } ?? true
        let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
        return [
            RuntimeMount(destination: "/proc", type: "proc", source: "proc", options: closed),
            RuntimeMount(
                destination: "/dev", type: "tmpfs", source: "tmpfs",
                options: ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            RuntimeMount(
                destination: "/dev/pts", type: "devpts", source: "devpts",
                options: terminals + (hasTerminalGroup ? ["gid=5"] : [])),
            RuntimeMount(destination: "/sys", type: "sysfs", source: "sysfs", options: closed + ["ro"]),
            RuntimeMount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: closed + ["ro"]),
            RuntimeMount(destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: closed),
            RuntimeMount(
                destination: "/dev/shm", type: "tmpfs", source: "shm",
                options: closed + ["mode=1777", "size=65536k"]),
        ]
    }
}
