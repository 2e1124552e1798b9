package import FileTree
package import StorageModel

/// What decides who may do what to an inode, as the container's mount shows it.
package struct InodeRights: Sendable {
    package let kind: EntryKind
    package let mode: UInt16
    /// The host's ids; `nil` if the mount has no place for the stored one.
    package let uid: UInt32?
    package let gid: UInt32?
    /// The access control list; `nil` if there is none beside the mode.
    package let list: [AccessControlEntry]?
    package let isImmutable: Bool
    package let isAppendOnly: Bool

    package init(
        kind: EntryKind, mode: UInt16, uid: UInt32?, gid: UInt32?, list: [AccessControlEntry]? = nil,
        isImmutable: Bool = false, isAppendOnly: Bool = false
    ) {
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.list = list
        self.isImmutable = isImmutable
        self.isAppendOnly = isAppendOnly
    }

    /// - Parameter view: which ids the container's mount shows for those of the host's.
    package init(_ status: FileStatus, list: [AccessControlEntry]?, view: ShownOwners = .asStored) {
        self.init(
            kind: status.kind, mode: status.mode, uid: view.shown(user: status.uid),
            gid: view.shown(group: status.gid),
            list: list?.compactMap { entry in
                let shown: UInt32? =
                    switch entry.tag {
                    case .user: view.shown(user: entry.id)
                    case .group: view.shown(group: entry.id)
                    default: entry.id
                    }
                // Nobody can be whom the mount has no place for.
                return shown.map { AccessControlEntry(tag: entry.tag, permissions: entry.permissions, id: $0) }
            }, isImmutable: status.isImmutable, isAppendOnly: status.isAppendOnly)
    }

    /// As a copy of it is: immutable no more.
    var withoutAttributes: InodeRights {
        InodeRights(kind: kind, mode: mode, uid: uid, gid: gid, list: list)
    }

    /// The three bits of the owner, the group or the others.
    func bits(_ place: Place) -> AccessRights { AccessRights(rawValue: mode >> place.rawValue) }

    enum Place: UInt16 {
        case owner = 6
        case group = 3
        case other = 0
    }
}
