internal import FileTree
internal import Glibc

/// Finds out by what the processes that use a tree are best kept still.
///
/// A control group is frozen only if every process in it and below it uses the tree, or was started by one that does: then
/// nothing else is held up, and what its processes start meanwhile is frozen too. Never one that has this process, an
/// ancestor of it, or the first process of the host in it. All others are stopped one by one.
package struct ControlGroups {
    private struct Hierarchy {
        let mountpoint: [UInt8]
        let root: [UInt8]
        let isUnified: Bool
    }

    private let hierarchies: [Hierarchy]

    /// Reads which hierarchies there are: version 2, the freezer of version 1, or on a mixed host both.
    package init() {
        let own = getpid()
        let mounts = (try? ProcessTable())?.mounts(of: own) ?? []
        hierarchies = mounts.compactMap { mount in
            let isUnified = mount.type == "cgroup2"
            guard isUnified || (mount.type == "cgroup" && mount.fileSystemOptions.contains("freezer")) else {
                return nil
            }
            return Hierarchy(mountpoint: mount.mountpoint, root: mount.root, isUnified: isUnified)
        }
    }

    /// What to freeze so that none of the users runs; those that are still already, and this process's ancestors, are left out.
    ///
    /// - Returns: each target with the users that it keeps still.
    package func targets(for users: [TreeUser]) -> [(target: FreezeTarget, users: [TreeUser])] {
        guard let table = try? ProcessTable() else { return [] }
        let known = Set(users.filter { !$0.isAncestor }.map(\.process))
        var judged: [FreezeTarget: Bool] = [:]
        var order: [FreezeTarget] = []
        var result: [FreezeTarget: [TreeUser]] = [:]
        for user in users where !user.isAncestor {
            let groups = groups(of: user.process, table)
            if isStill(user, in: groups, table) { continue }
            let group = groups.first { group in
                if let verdict = judged[group] { return verdict }
                let verdict = isMadeOf(known, group, table)
                judged[group] = verdict
                return verdict
            }
            let target = group ?? .process(user.process, startTicks: user.startTicks)
            if result[target] == nil { order.append(target) }
            result[target, default: []].append(user)
        }
        return order.map { ($0, result[$0] ?? []) }
    }

    /// Whether the process does not run: stopped, in a group that is frozen, or gone.
    ///
    /// - Parameter groups: its groups, asked for before. One that is about to end is in no group of version 1 any more
    /// (`proc_cgroup_show`): asked in this order, it does not pass for a process without a group.
    private func isStill(_ user: TreeUser, in groups: [FreezeTarget], _ table: borrowing ProcessTable) -> Bool {
        if table.isStopped(user.process) || groups.contains(where: { (try? $0.isFrozen()) == true }) { return true }
        guard let status = table.status(of: user.process) else { return true }
        return status.hasEnded || status.startTicks != user.startTicks
    }

    /// The groups of the process that can be frozen, version 2 first.
    private func groups(of process: Int32, _ table: borrowing ProcessTable) -> [FreezeTarget] {
        let groups = table.controlGroups(of: process)
        let ordered = hierarchies.filter(\.isUnified) + hierarchies.filter { !$0.isUnified }
        return ordered.compactMap { hierarchy in
            let member = groups.first {
                hierarchy.isUnified ? $0.controllers.isEmpty : $0.controllers.contains("freezer")
            }
            // The root of a hierarchy cannot be frozen; a path with `..` is outside of what this process may see.
            guard let path = member?.path, path.count > 1, !String(decoding: path, as: UTF8.self).contains("/.."),
                let rest = AbsolutePath.remainder(of: path, beneath: hierarchy.root), !rest.isEmpty
            else { return nil }
            let place = String(decoding: AbsolutePath.joined(hierarchy.mountpoint, rest), as: UTF8.self)
            return hierarchy.isUnified ? .unifiedGroup(place) : .freezerGroup(place)
        }
    }

    private func isMadeOf(
        _ users: Set<Int32>, _ group: FreezeTarget, _ table: borrowing ProcessTable
    ) -> Bool {
        switch group {
        case .unifiedGroup(let path): return Self.isMadeOf(users, path, table, depth: 0)
        case .freezerGroup(let path): return Self.isMadeOf(users, path, table, depth: 0)
        case .process, .container: return false
        }
    }

    private static let depthLimit = 32

    /// This process is never among the users, so that no group with it in it is.
    private static func isMadeOf(
        _ users: Set<Int32>, _ path: String, _ table: borrowing ProcessTable, depth: Int
    ) -> Bool {
        guard depth < depthLimit, let text = try? ControlFile.text("cgroup.procs", in: path),
            let below = try? ControlFile.groups(in: path)
        else { return false }
        for line in text.split(separator: "\n") {
            // A process of another pid namespace is 0 here.
            guard let member = Int32(line), member > 1, isUser(member, users, table) else { return false }
        }
        for group in below where !isMadeOf(users, group, table, depth: depth + 1) { return false }
        return true
    }

    /// Whether the process is a user, was started by one since they were looked for, or is gone again.
    private static func isUser(_ process: Int32, _ users: Set<Int32>, _ table: borrowing ProcessTable) -> Bool {
        if process == getpid() { return false }
        if users.contains(process) { return true }
        guard let status = table.status(of: process), !status.hasEnded else { return true }
        return users.contains(status.parent)
    }
}
