internal import FileTree
internal import StorageModel

/// Places of the host that give a container power over it, or secrets of it.
enum SensitivePlaces {
    /// A place and why it matters.
    struct Place {
        let path: String
        let why: String
    }

    /// Sensitive with everything in them.
    private static let trees = [
        Place(path: "/proc", why: "the host's processes and kernel settings"),
        Place(path: "/sys", why: "the host's kernel and devices"),
        Place(path: "/dev", why: "the host's devices"),
        Place(path: "/boot", why: "the host's kernel"),
        Place(path: "/root", why: "the home of the host's root"),
    ]

    /// In /dev, and for everybody.
    private static let exceptions = ["/dev/shm", "/dev/mqueue"]

    /// Sensitive themselves; what lies in them is judged on its own.
    private static let directories = [
        Place(path: "/", why: "the whole host"), Place(path: "/etc", why: "the host's settings and passwords"),
        Place(path: "/run", why: "the sockets of the host's services"),
        Place(path: "/var/run", why: "the sockets of the host's services"),
    ]

    /// Where runtimes keep their state. What contains one is as sensitive.
    private static let runtimeState = [
        "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers", "/var/lib/kubelet", "/run/docker",
        "/run/containerd", "/run/containers", "/run/podman", "/run/crio", "/run/runc", "/run/crun",
    ]

    private static let runtimeSockets = [
        "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock", "/run/crio/crio.sock",
        "/run/buildkit/buildkitd.sock",
    ]

    private static let socketNames = [
        "docker.sock", "containerd.sock", "podman.sock", "crio.sock", "buildkitd.sock", "dockershim.sock",
    ]

    /// What the source gives away, if it is a place of the system or a runtime's.
    ///
    /// In /etc, what may only be read and what everybody on the host may read is not sensitive.
    static func match(_ path: [UInt8], _ inode: InodeRights, isReadOnly: Bool) -> Place? {
        if let place = directories.first(where: { path == Array($0.path.utf8) }) { return place }
        if path.isWithin("/etc"), !isReadOnly || inode.mode & 0o004 == 0 {
            return Place(path: "/etc", why: "the host's settings and passwords")
        }
        if exceptions.contains(where: { path.isWithin($0) }) { return nil }
        if let place = trees.first(where: { path.isWithin($0.path) }) { return place }
        for state in runtimeState {
            if path.isWithin(state) { return Place(path: state, why: "the state of a container runtime") }
            if Array(state.utf8).isWithin(path), exists(state) {
                return Place(path: state, why: "the state of a container runtime, in \(state)")
            }
        }
        return nil
    }

    /// The runtime's socket that the source is or contains; `nil` if there is none.
    static func runtimeSocket(_ path: [UInt8], _ inode: InodeRights, _ handle: SharedDescriptor?) -> [UInt8]? {
        if inode.kind == .socket {
            let name = path.split(separator: UInt8(ascii: "/")).last ?? []
            return socketNames.contains { name.elementsEqual($0.utf8) } ? path : nil
        }
        guard inode.kind == .directory else { return nil }
        for name in socketNames where handle.map({ isSocket(name, in: $0) }) ?? false {
            return AbsolutePath.joined(path, Array(name.utf8))
        }
        return runtimeSockets.first { Array($0.utf8).isWithin(path) && exists($0) }.map { Array($0.utf8) }
    }

    private static func isSocket(_ name: String, in directory: SharedDescriptor) -> Bool {
        // What cannot be looked at is not known to be one.
        (try? directory.descriptor.status(of: name.utf8).kind) == .socket
    }

    private static func exists(_ path: String) -> Bool {
        let (directory, name) = HostPath.split(path)
        return HostPath.exists(name, in: directory)
    }
}
