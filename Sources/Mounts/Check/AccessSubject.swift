package import StorageModel

/// Who asks, as the kernel sees the process: in ids of the host.
package struct AccessSubject: Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// With the primary one.
    package let groups: Set<UInt32>
    /// The ids that the process's user namespace can express; `nil` for all.
    package let namespace: IdentityMapping?
    /// What is in force; none for another than user 0.
    package let capabilities: MountSubject.Capabilities

    package init(
        uid: UInt32, gid: UInt32, groups: Set<UInt32>, namespace: IdentityMapping?,
        capabilities: MountSubject.Capabilities
    ) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.namespace = namespace
        self.capabilities = capabilities
    }

    /// - Returns: `nil` if the user namespace has no place for the user or one of its groups.
    package init?(_ subject: MountSubject) {
        let mapping = subject.mapping
        func host(_ id: UInt32) -> UInt32? { mapping.map { $0.outside(of: id) } ?? id }
        let groups = subject.supplementaryGroups.compactMap(host)
        guard let uid = host(subject.uid), let gid = host(subject.gid),
            groups.count == subject.supplementaryGroups.count
        else { return nil }
        self.init(
            uid: uid, gid: gid, groups: Set(groups + [gid]), namespace: mapping,
            capabilities: subject.uid == 0 ? subject.capabilities : [])
    }

    /// Whether the namespace has a place for both owners: without, its capabilities mean nothing for the inode
    /// (`privileged_wrt_inode_uidgid` of the kernel).
    func isPrivileged(over inode: InodeRights) -> Bool {
        guard let uid = inode.uid, let gid = inode.gid else { return false }
        guard let namespace else { return true }
        return namespace.inside(of: uid) != nil && namespace.inside(of: gid) != nil
    }
}
