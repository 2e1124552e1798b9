package import FileTree
internal import Glibc

/// A process that uses what lies in a tree.
package struct TreeUser: Hashable, Sendable {
    package enum Use: Hashable, Sendable {
        /// The tree is mounted in its container.
        case mounted
        /// It has a file of it open.
        case open
        /// Its working directory, its root or its program is in it.
        case place
    }

    package let process: Int32
    package let command: String
    package let startTicks: UInt64
    package let use: Use
    /// Whether this process was started by it, or by one that was: it cannot be stopped.
    package let isAncestor: Bool
}

/// Finds the processes that use a tree of the host: in containers by the mounts of their mount namespace, elsewhere by what
/// they have open in it.
///
/// All processes of a mount namespace count in which the tree, or a part of it, is mounted somewhere where this process does
/// not have it. Not counted: this process, others that run the same program (other backups read), and what only has a file
/// mapped that it closed. Without root only the caller's own processes are seen. Cost: proportional to the open files of the
/// host, a few tens of milliseconds.
package struct TreeUsers {
    private let path: [UInt8]
    private let device: String
    private let deviceNumber: UInt64
    /// The tree as a directory of its file system.
    private let inside: [UInt8]
    private let ownPoints: [[UInt8]]
    private let ownProgram: [UInt8]?
    private let ownNamespace: [UInt8]?

    /// - Returns: `nil` if the tree is nowhere that another process could see.
    package init?(of root: borrowing Descriptor) {
        guard let table = try? ProcessTable(), let status = try? root.status(),
            let path = try? Descriptor.openDirectory(atHostPath: "/proc/self/fd").readLink("\(root.rawValue)".utf8)
        else { return nil }
        let (own, id) = (getpid(), table.mountID(ofOwnDescriptor: root.rawValue))
        let mounts = table.mounts(of: own)
        guard let home = mounts.first(where: { $0.id == id }),
            let rest = AbsolutePath.remainder(of: path, beneath: home.mountpoint)
        else { return nil }
        self.path = path
        device = home.device
        deviceNumber = status.device
        let inside = AbsolutePath.joined(home.root, rest)
        self.inside = inside
        ownPoints = Self.points(mounts, device: home.device, inside: inside)
        ownProgram = table.link("exe", of: own)
        ownNamespace = table.mountNamespace(of: own)
    }

    private static func points(_ mounts: [MountRecord], device: String, inside: [UInt8]) -> [[UInt8]] {
        mounts.filter { $0.device == device && AbsolutePath.remainder(of: $0.root, beneath: inside) != nil }
            .map(\.mountpoint)
    }

    /// The processes that use the tree now, ascending.
    package func find() -> [TreeUser] {
        guard let table = try? ProcessTable() else { return [] }
        let own = getpid()
        let ancestors = Self.ancestors(of: own, table)
        var namespaces: [[UInt8]: Bool] = [:]
        var users: [TreeUser] = []
        for process in table.identifiers() where process != own {
            guard let namespace = table.mountNamespace(of: process), let status = table.status(of: process),
                !status.hasEnded
            else { continue }
            let isElsewhere = namespace != ownNamespace
            var hasMount = false
            if isElsewhere {
                hasMount = namespaces[namespace] ?? hasOwnMount(table.mounts(of: process))
                namespaces[namespace] = hasMount
            }
            guard let use = hasMount ? .mounted : use(by: process, isElsewhere, table) else { continue }
            if let ownProgram, table.link("exe", of: process) == ownProgram { continue }
            users.append(
                TreeUser(
                    process: process, command: table.command(of: process), startTicks: status.startTicks, use: use,
                    isAncestor: ancestors.contains(process)))
        }
        return users
    }

    /// Whether the tree is mounted where this process does not have it: what spread from here is no use of it.
    private func hasOwnMount(_ mounts: [MountRecord]) -> Bool {
        Self.points(mounts, device: device, inside: inside).contains { $0 != path && !ownPoints.contains($0) }
    }

    private static func ancestors(of process: Int32, _ table: borrowing ProcessTable) -> Set<Int32> {
        var result: Set<Int32> = []
        var next = table.status(of: process)?.parent ?? 0
        while next > 0, result.insert(next).inserted { next = table.status(of: next)?.parent ?? 0 }
        return result
    }

    private func use(by process: Int32, _ isElsewhere: Bool, _ table: borrowing ProcessTable) -> TreeUser.Use? {
        if table.openPaths(of: process).contains(where: isInside),
            !isElsewhere || isOnDevice("fd", process, table)
        {
            return .open
        }
        for name in ["cwd", "root", "exe"] {
            guard let link = table.link(name, of: process), isInside(link) else { continue }
            if !isElsewhere || isOnDevice(name, process, table) { return .place }
        }
        return nil
    }

    private func isInside(_ target: [UInt8]) -> Bool {
        if AbsolutePath.remainder(of: target, beneath: path) != nil { return true }
        return ownPoints.contains { AbsolutePath.remainder(of: target, beneath: $0) != nil }
    }

    /// In another mount namespace the same path may be another place.
    private func isOnDevice(_ name: String, _ process: Int32, _ table: borrowing ProcessTable) -> Bool {
        let home = "/proc/\(process)/\(name)"
        guard name == "fd" else { return (try? Descriptor.openPlace(atHostPath: home).status().device) == deviceNumber }
        guard let directory = try? Descriptor.openDirectory(atHostPath: home), let entries = try? directory.entries()
        else { return false }
        return entries.contains { entry in
            guard let target = try? directory.readLink(entry.name), isInside(target) else { return false }
            let file = "\(home)/\(String(decoding: entry.name, as: UTF8.self))"
            return (try? Descriptor.openPlace(atHostPath: file).status().device) == deviceNumber
        }
    }
}
