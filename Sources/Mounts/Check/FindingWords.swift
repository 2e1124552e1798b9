internal import StorageModel

/// How users, owners and rules are named in findings: with both ids where those of the container and of the host differ.
struct FindingWords {
    let subject: MountSubject

    /// "uid 1000 in the container = 100999 on the host".
    var user: String {
        guard let mapping = subject.mapping, let host = mapping.outside(of: subject.uid), host != subject.uid else {
            return "uid \(subject.uid)"
        }
        return "uid \(subject.uid) in the container = \(host) on the host"
    }

    /// "it belongs to 0:0 with mode 0755".
    func ownership(_ inode: InodeRights) -> String {
        "it belongs to \(owner(inode)) with mode \(Self.octal(inode.mode))\(inode.list == nil ? "" : " and an access control list")"
    }

    /// The owner and the group, and as whom the container sees them if it sees them as others.
    func owner(_ inode: InodeRights) -> String {
        let host = "\(Self.shown(inode.uid)):\(Self.shown(inode.gid))"
        guard let mapping = subject.mapping else { return host }
        let ids = [inode.uid, inode.gid].map { id in id.flatMap { mapping.inside(of: $0) } }
        let inside = ids.map(Self.shown).joined(separator: ":")
        if inside == host { return host }
        return "\(host) on the host = \(inside) \(ids.contains(nil) ? "(nobody) " : "")in the container"
    }

    /// An id without a place is shown as the kernel's overflow id.
    private static func shown(_ id: UInt32?) -> String { id.map(String.init) ?? "65534" }

    static func octal(_ mode: UInt16) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// "others have r-x".
    func clause(_ decision: PermissionDecision) -> String {
        let rights = decision.granted.description + (decision.isMasked ? " under the list's mask" : "")
        switch decision.rule {
        case .owner: return "its owner has \(rights)"
        case .namedUser(let id): return "the list's entry user:\(id) grants \(rights)"
        case .owningGroup: return "its group has \(rights)"
        case .namedGroup(let id): return "the list's entry group:\(id) grants \(rights)"
        case .groups: return "the user's groups have \(rights) together, and none has all of it"
        case .other: return "others have \(rights)"
        case .capability: return "a capability grants it"
        }
    }
}
