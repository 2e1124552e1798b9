internal import FileTree
internal import Glibc
internal import StorageModel

/// A process, or a mount, that uses a volume.
struct VolumeHolder: Hashable, Sendable, CustomStringConvertible {
    enum Use: Hashable, Sendable {
        case mounted([UInt8])
        case open([UInt8])
        case workingDirectory
        case rootDirectory
        case program
        case lease
    }

    /// `nil` for a mount in this process's own mount namespace: no single process is behind it.
    let process: Int32?
    let command: String
    let use: Use

    var description: String {
        let how: String
        switch use {
        case .mounted(let path): how = "mounted at \(Self.text(path))"
        case .open(let path): how = path.isEmpty ? "has its directory open" : "has '\(Self.text(path))' open"
        case .workingDirectory: how = "has its working directory there"
        case .rootDirectory: how = "has its root directory there"
        case .program: how = "runs a program from it"
        case .lease: how = "works on it"
        }
        guard let process else { return "a mount (\(how))" }
        return "process \(process) (\(command.printable(limit: 40)), \(how))"
    }

    private static func text(_ path: [UInt8]) -> String {
        String(decoding: path, as: UTF8.self).printable(limit: 200)
    }
}

/// Finds out who uses a volume: bind mounts of it in any mount namespace, and processes with some of its data open.
///
/// The kernel has no one question for it, so `/proc` is read: the mount table of every mount namespace for mounts of the
/// same file system whose root lies within the volume's directory, and each process's links `cwd`, `root`, `exe` and `fd/*`
/// for what lies in its data. Who has only the directory or the lease file open waits for the lease and uses nothing.
/// Cost: proportional to the open files of the machine; a few tens of milliseconds. Without root only the caller's own
/// processes are seen. This process itself does not count.
struct VolumeUse {
    private let hostPath: [UInt8]
    private let dataPath: [UInt8]
    private let mountID: Int?

    /// - Parameters:
    ///   - hostPath: the absolute path of `volumes/<name>`, without symbolic links.
    ///   - mountID: the mount that it lies on; `nil` leaves mounts out and looks at processes only.
    init(at hostPath: String, mountID: Int?) {
        self.hostPath = Array(hostPath.utf8)
        dataPath = AbsolutePath.joined(self.hostPath, Volumes.dataName)
        self.mountID = mountID
    }

    init(of opened: OpenedVolume, hostPath: String) { self.init(of: opened.directory, hostPath: hostPath) }

    /// - Parameter directory: the open directory at `hostPath`.
    init(of directory: borrowing Descriptor, hostPath: String) {
        let table = try? ProcessTable()
        self.init(at: hostPath, mountID: table?.mountID(ofOwnDescriptor: directory.rawValue))
    }

    /// Mounts first, then processes, each process once.
    func holders() -> [VolumeHolder] {
        // Without /proc nothing can be known; the lease still guards against other Holdfast processes.
        guard let table = try? ProcessTable() else { return [] }
        let own = getpid()
        var holders = mountHolders(table, own: own)
        let known = Set(holders.compactMap(\.process))
        for process in table.identifiers() where process != own && !known.contains(process) {
            if let use = use(by: process, table) {
                holders.append(VolumeHolder(process: process, command: table.command(of: process), use: use))
            }
        }
        return holders
    }

    /// The process that has the lease locked, `nil` if it let go meanwhile or may not be looked at.
    func leaseHolder() -> VolumeHolder? {
        guard let table = try? ProcessTable() else { return nil }
        let (own, lease) = (getpid(), AbsolutePath.joined(hostPath, Volumes.leaseName))
        let holder = table.identifiers().first { $0 != own && table.holdsLock(on: lease, process: $0) }
        return holder.map { VolumeHolder(process: $0, command: table.command(of: $0), use: .lease) }
    }

    /// Mountpoints below the directory itself, in this process's own mount namespace.
    func mountsInside() -> [[UInt8]] {
        guard let table = try? ProcessTable() else { return [] }
        return table.mounts(of: getpid()).map(\.mountpoint).filter {
            AbsolutePath.remainder(of: $0, beneath: hostPath) != nil
        }
    }

    private func mountHolders(_ table: borrowing ProcessTable, own: Int32) -> [VolumeHolder] {
        let ownMounts = table.mounts(of: own)
        guard let home = ownMounts.first(where: { $0.id == mountID }),
            let rest = AbsolutePath.remainder(of: hostPath, beneath: home.mountpoint)
        else { return [] }
        let inside = AbsolutePath.joined(home.root, rest)
        func mountpoints(_ mounts: [MountRecord]) -> [[UInt8]] {
            mounts.filter {
                $0.device == home.device && AbsolutePath.remainder(of: $0.root, beneath: inside) != nil
            }.map(\.mountpoint)
        }
        var holders: [VolumeHolder] = []
        var seen = Set(mountpoints(ownMounts))
        for point in seen.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            holders.append(VolumeHolder(process: nil, command: "", use: .mounted(point)))
        }
        var namespaces = Set([table.mountNamespace(of: own) ?? []])
        for process in table.identifiers() {
            guard let namespace = table.mountNamespace(of: process), namespaces.insert(namespace).inserted else {
                continue
            }
            // A mount that spread from here to other namespaces is told once.
            for point in mountpoints(table.mounts(of: process)) where seen.insert(point).inserted {
                holders.append(
                    VolumeHolder(process: process, command: table.command(of: process), use: .mounted(point)))
                break
            }
        }
        return holders
    }

    private func use(by process: Int32, _ table: borrowing ProcessTable) -> VolumeHolder.Use? {
        for path in table.openPaths(of: process) {
            if let rest = AbsolutePath.remainder(of: path, beneath: dataPath) { return .open(rest) }
        }
        if isInside(table.link("cwd", of: process)) { return .workingDirectory }
        if isInside(table.link("root", of: process)) { return .rootDirectory }
        if isInside(table.link("exe", of: process)) { return .program }
        return nil
    }

    private func isInside(_ path: [UInt8]?) -> Bool {
        path.map { AbsolutePath.remainder(of: $0, beneath: dataPath) != nil } ?? false
    }
}

extension Volumes {
    /// - Throws: ``StorageError/Code/inUse`` naming the holders if somebody has the volume mounted or open.
    ///
    /// - Parameter canBeForced: whether the command has a `--force` for it.
    func refuseIfUsed(_ opened: OpenedVolume, canBeForced: Bool = true) throws(StorageError) {
        let name = opened.volume.name
        let use = VolumeUse(of: opened, hostPath: "\(hostPath)/\(name)")
        var holders = use.holders()
        // Who is there for an instant only is no holder: a process that is just being started has copies of its parent's
        // descriptors until its execve(2).
        for _ in 0..<3 where !holders.isEmpty {
            usleep(20_000)
            holders = use.holders()
        }
        guard let first = holders.first else { return }
        let others = holders.count - 1
        let more = others == 0 ? "" : " and \(others) other\(others == 1 ? "" : "s")"
        let verb = first.process == nil ? "unmount it" : "stop it"
        throw StorageError(
            .inUse, object: name.rawValue, "volume '\(name)' is in use by \(first)\(more)",
            hint: "\(verb) first\(canBeForced ? ", or use --force" : "")",
            causes: holders.dropFirst().prefix(9).map { "also \($0)" })
    }

    /// Refuses what the kernel would refuse half-way: a directory on which something is mounted cannot be deleted.
    ///
    /// - Parameter exceptDevice: whether what is mounted on the data directory itself is the volume's own device.
    func refuseMountsInside(_ opened: OpenedVolume, exceptDevice: Bool = false) throws(StorageError) {
        let name = opened.volume.name
        let own = exceptDevice ? Array(mountpoint(of: name).utf8) : []
        let points = VolumeUse(of: opened, hostPath: "\(hostPath)/\(name)").mountsInside()
        guard let point = points.first(where: { $0 != own }) else { return }
        let path = String(decoding: point, as: UTF8.self).printable()
        throw StorageError(
            .inUse, object: name.rawValue, "something is mounted inside volume '\(name)', at \(path)",
            hint: "unmount it first: umount '\(path)'")
    }
}
