internal import FileTree
internal import Glibc
internal import StorageModel

extension EngineClient {
    /// Makes sure that the data at `home` is that of the engine's volume, and not of one of the same name on this host while
    /// the engine is elsewhere: behind `tcp:`, `ssh:`, a forwarded socket, or in a virtual machine.
    ///
    /// Docker tells as a volume's time when the inode of its directory last changed (before 23.0 that of `_data`), so that
    /// time is proof. Where it is not, the kernel and the host's name must be the same: one more call.
    ///
    /// - Parameter candidates: the directories `volumes/<name>` and `_data`.
    func confirmIsHere(_ volume: EngineVolume, _ candidates: [FileStatus]) throws(StorageError) {
        if engine == .docker, let time = volume.createdAt?.seconds {
            if candidates.contains(where: { $0.changedAt.seconds == time }) { return }
        }
        let host = try self.host()
        if host != Self.thisHost { throw elsewhere(volume, host) }
    }

    /// The engine is on another host than the path that it told.
    func elsewhere(_ volume: EngineVolume, _ host: EngineHost) -> StorageError {
        StorageError(
            .system, object: volume.reference.description,
            "the data of '\(volume.reference)' is on another host: \(engine.title) answers from "
                + "'\(host.name.printable(limit: 100))' (kernel \(host.kernel.printable(limit: 100)))",
            hint: "run holdfast there, or let \(engine.rawValue) use the engine of this host "
                + "(\(engine == .docker ? "DOCKER_HOST, docker context use" : "CONTAINER_HOST, podman system connection"))"
        )
    }

    /// Where the engine runs. It is asked once.
    func host() throws(StorageError) -> EngineHost {
        if let known = knownHost.update({ $0 }) { return known }
        let told = try askForHost()
        knownHost.update { $0 = told }
        return told
    }

    private func askForHost() throws(StorageError) -> EngineHost {
        let format =
            switch engine {
            case .docker: "{{.KernelVersion}} {{.Name}}"
            case .podman: "{{.Host.Kernel}} {{.Host.Hostname}}"
            }
        let words =
            try demand(["info", "--format", format], "say where it runs").lines.first?.split(separator: " ") ?? []
        guard words.count == 2 else { throw failure("it does not say on which host the engine is") }
        return EngineHost(kernel: String(words[0]), name: String(words[1]))
    }

    static var thisHost: EngineHost {
        var names = utsname()
        uname(&names)
        return EngineHost(
            kernel: withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) },
            name: withUnsafeBytes(of: &names.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
}

/// A host as engines tell it.
struct EngineHost: Hashable, Sendable {
    let kernel: String
    let name: String
}
