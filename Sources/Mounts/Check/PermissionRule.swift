internal import FileTree
internal import StorageModel

/// Which rule of the kernel decides about an access, and what it grants.
package enum PermissionRule: Hashable, Sendable {
    /// The owner's bits; the list does not matter to the owner.
    case owner
    /// A named user's entry.
    case namedUser(UInt32)
    /// The bits of the owning group, or of its entry in the list.
    case owningGroup
    /// A named group's entry.
    case namedGroup(UInt32)
    /// Several groups of the user have entries, and none grants it.
    case groups
    case other
    /// `CAP_DAC_OVERRIDE` or `CAP_DAC_READ_SEARCH`.
    case capability
}

/// Whether an access is granted, and by which rule.
package struct PermissionDecision: Hashable, Sendable {
    package let isGranted: Bool
    package let rule: PermissionRule
    /// What the rule grants in all, the mask counted in.
    package let granted: AccessRights
    /// Whether the list's mask takes away what the entry would grant.
    package let isMasked: Bool
}

/// The kernel's decision about permission bits, access control lists and capabilities: `generic_permission` of fs/namei.c and
/// `posix_acl_permission` of fs/posix_acl.c, step by step.
package enum PermissionRules {
    package static func decide(
        _ wanted: AccessRights, of inode: InodeRights, by subject: AccessSubject
    ) -> PermissionDecision {
        let decision = byBits(wanted, inode, subject)
        if decision.isGranted || !overrides(wanted, inode, subject) { return decision }
        return PermissionDecision(isGranted: true, rule: .capability, granted: wanted, isMasked: false)
    }

    /// Without capabilities (`acl_permission_check`).
    private static func byBits(
        _ wanted: AccessRights, _ inode: InodeRights, _ subject: AccessSubject
    ) -> PermissionDecision {
        if inode.uid == subject.uid { return plain(wanted, .owner, inode.bits(.owner)) }
        let groupBits = inode.bits(.group)
        // Why: with an empty mask, which the group's bits of the mode are, the kernel does not look at the list at all.
        // A named user then has what others have.
        if let list = inode.list, !groupBits.isEmpty { return byList(wanted, list, inode, subject) }
        if let gid = inode.gid, subject.groups.contains(gid) { return plain(wanted, .owningGroup, groupBits) }
        return plain(wanted, .other, inode.bits(.other))
    }

    private static func plain(
        _ wanted: AccessRights, _ rule: PermissionRule, _ granted: AccessRights
    ) -> PermissionDecision {
        PermissionDecision(
            isGranted: granted.isSuperset(of: wanted), rule: rule, granted: granted, isMasked: false)
    }

    private static func byList(
        _ wanted: AccessRights, _ list: [AccessControlEntry], _ inode: InodeRights, _ subject: AccessSubject
    ) -> PermissionDecision {
        let mask = list.first { $0.tag == .mask }.map { AccessRights(rawValue: $0.permissions) } ?? .all
        var refusing: [(rule: PermissionRule, rights: AccessRights)] = []
        for entry in list {
            let rights = AccessRights(rawValue: entry.permissions)
            switch entry.tag {
            case .user where entry.id == subject.uid:
                return masked(wanted, .namedUser(entry.id), rights, mask)
            case .groupObject where inode.gid.map(subject.groups.contains) ?? false:
                // The first group that grants all of it counts, and if none does, no one else is asked.
                if rights.isSuperset(of: wanted) { return masked(wanted, .owningGroup, rights, mask) }
                refusing.append((.owningGroup, rights))
            case .group where subject.groups.contains(entry.id):
                if rights.isSuperset(of: wanted) { return masked(wanted, .namedGroup(entry.id), rights, mask) }
                refusing.append((.namedGroup(entry.id), rights))
            case .other where refusing.isEmpty:
                return plain(wanted, .other, rights)
            default: break
            }
        }
        guard let only = refusing.first else { return plain(wanted, .other, []) }
        if refusing.count == 1 { return masked(wanted, only.rule, only.rights, mask) }
        let union = refusing.reduce(AccessRights()) { $0.union($1.rights) }
        return PermissionDecision(
            isGranted: false, rule: .groups, granted: union.intersection(mask), isMasked: false)
    }

    private static func masked(
        _ wanted: AccessRights, _ rule: PermissionRule, _ rights: AccessRights, _ mask: AccessRights
    ) -> PermissionDecision {
        let granted = rights.intersection(mask)
        return PermissionDecision(
            isGranted: granted.isSuperset(of: wanted), rule: rule, granted: granted,
            isMasked: rights.isSuperset(of: wanted) && !granted.isSuperset(of: wanted))
    }

    /// Whether a capability grants it (the second half of `generic_permission`).
    private static func overrides(
        _ wanted: AccessRights, _ inode: InodeRights, _ subject: AccessSubject
    ) -> Bool {
        guard subject.isPrivileged(over: inode) else { return false }
        let overridesAll = subject.capabilities.contains(.overrideAll)
        let overridesReading = subject.capabilities.contains(.overrideReading)
        if inode.kind == .directory {
            return overridesAll || overridesReading && !wanted.contains(.write)
        }
        // Executing needs one execute bit at least, whoever asks.
        return overridesAll && (!wanted.contains(.execute) || inode.mode & 0o111 != 0)
            || overridesReading && wanted == .read
    }
}
