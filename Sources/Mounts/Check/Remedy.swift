internal import FileTree
internal import StorageModel

/// Commands, run by the host's root, that give a user what it lacks.
struct Remedy {
    /// The command that changes the least.
    let command: String
    let alternatives: [String]

    /// Gives rights to an entry of the host.
    ///
    /// - Parameter inode: the entry as the container's mount shows it.
    /// - Returns: `nil` if the mount has no place for the user, whom nothing can be given to.
    static func grant(
        _ needed: AccessRights, on place: SourceWalk.Place, _ inode: InodeRights, to user: AccessSubject,
        _ owners: ShownOwners
    ) -> Remedy? {
        guard let stored = owners.stored(user: user.uid) else { return nil }
        let path = ShellText.quoted(place.path)
        /// What may not be changed is made changeable for the moment.
        func permitted(_ command: String) -> String {
            let flags = (place.status.isImmutable ? "i" : "") + (place.status.isAppendOnly ? "a" : "")
            return flags.isEmpty ? command : "chattr -\(flags) \(path) && \(command) && chattr +\(flags) \(path)"
        }
        let change = "chmod u+\(needed.letters) \(path)"
        if inode.uid == user.uid { return Remedy(command: permitted(change), alternatives: []) }
        let also = inode.bits(.owner).isSuperset(of: needed) ? "" : " && " + change
        // The owner that no id means must go in any case.
        guard inode.uid != nil, inode.gid != nil, place.supportsLists else {
            guard let group = owners.stored(group: user.gid) else { return nil }
            let owner = inode.gid == nil ? "\(stored):\(group)" : "\(stored)"
            return Remedy(command: permitted("chown \(owner) \(path)\(also)"), alternatives: [])
        }
        return Remedy(
            command: permitted("setfacl -m u:\(stored):\(needed.letters) \(path)"),
            alternatives: [permitted("chown \(stored) \(path)\(also)")])
    }
}
