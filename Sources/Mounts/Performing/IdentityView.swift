package import StorageModel

/// Which ids a mount shows for those on disk: the maps that the kernel gets, ids on disk to ids of the host.
package struct IdentityView: Hashable {
    package let users: IdentityMapping
    package let groups: IdentityMapping

    /// Every id of the kernel's: all but the last one, which means none.
    private static let idCount = UInt64(UInt32.max)

    /// - Parameters:
    ///   - mapping: of the container's user namespace.
    ///   - owner: of the source on disk.
    ///   - user: the container's user, or the one of that name, in ids of the container.
    /// - Returns: `nil` where the ids stay what they are.
    package static func make(
        _ identity: SourceAccess.Identity, _ mapping: IdentityMapping?, owner: MountUser,
        user: (String?) throws(StorageError) -> MountUser, for source: String
    ) throws(StorageError) -> IdentityView? {
        switch identity {
        case .asStored: return nil
        case .userNamespace:
            guard let mapping else {
                throw StorageError(
                    .invalidInput, object: source,
                    "cannot map the owners of \(source) by the container's user namespace: it has none",
                    hint: "create the container with --userns, or leave the option out")
            }
            return IdentityView(users: mapping, groups: mapping)
        case .matchUser(let name):
            let seen = try user(name).outside(mapping, for: source)
            if seen == owner { return nil }
            return IdentityView(
                users: try exchanging(owner.uid, seen.uid), groups: try exchanging(owner.gid, seen.gid))
        case .mapping(let uids, let gids):
            return IdentityView(
                users: try stored(uids, mapping, for: source), groups: try stored(gids, mapping, for: source))
        }
    }

    /// Every id is itself, but these two, each of which is the other: so no id is without a counterpart, and root in the
    /// container can work on the files of everybody.
    static func exchanging(_ one: UInt32, _ other: UInt32) throws(StorageError) -> IdentityMapping {
        let (low, high) = (UInt64(min(one, other)), UInt64(max(one, other)))
        if low == high { return try mapping([(0, 0, idCount)]) }
        return try mapping([
            (0, 0, low), (low, high, 1), (low + 1, low + 1, high - low - 1), (high, low, 1),
            (high + 1, high + 1, idCount - high - 1),
        ])
    }

    /// - Parameter text: `INSIDE:OUTSIDE:COUNT`, ids in the container and ids on disk; empty for all as they are.
    private static func stored(
        _ text: String, _ mapping: IdentityMapping?, for source: String
    ) throws(StorageError) -> IdentityMapping {
        if text.isEmpty { return try self.mapping([(0, 0, idCount)]) }
        let wanted = try IdentityMapping(text)
        var result: [(stored: UInt64, seen: UInt64, count: UInt64)] = []
        for range in wanted.ranges {
            var done: UInt32 = 0
            while done < range.count {
                let inside = range.inside + done
                guard let seen = mapping == nil ? inside : mapping?.outside(of: inside) else {
                    throw StorageError(
                        .invalidInput, object: source,
                        "cannot map the owners of \(source): the container's user namespace has no id \(inside)",
                        hint: "map ids that the namespace has")
                }
                let next = mapping?.ranges.first { inside >= $0.inside && inside - $0.inside < $0.count }
                let rest = next.map { $0.count - (inside - $0.inside) } ?? .max
                let count = min(rest, range.count - done)
                result.append((UInt64(range.outside) + UInt64(done), UInt64(seen), UInt64(count)))
                done += count
            }
        }
        return try self.mapping(result)
    }

    private static func mapping(
        _ ranges: [(stored: UInt64, seen: UInt64, count: UInt64)]
    ) throws(StorageError) -> IdentityMapping {
        try IdentityMapping(
            ranges.filter { $0.count > 0 }.map { "\($0.stored):\($0.seen):\($0.count)" }.joined(separator: ","))
    }
}

/// A user and a group.
package struct MountUser: Hashable, Sendable {
    package let uid: UInt32
    package let gid: UInt32

    package init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }

    /// The host's ids for ids of the container.
    func outside(_ mapping: IdentityMapping?, for source: String) throws(StorageError) -> MountUser {
        guard let mapping else { return self }
        guard let uid = mapping.outside(of: uid), let gid = mapping.outside(of: gid) else {
            throw StorageError(
                .invalidInput, object: source,
                "cannot give \(source) to \(self.uid):\(self.gid): the container's user namespace has no such ids",
                hint: "choose a user that the namespace has")
        }
        return MountUser(uid: uid, gid: gid)
    }
}
