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
        if inode.uid == user.uid { return Remedy(command: "chmod u+\(needed.letters) \(path)", alternatives: []) }
        var giveAway = "chown \(stored) \(path)"
        if !inode.bits(.owner).isSuperset(of: needed) { giveAway += " && chmod u+\(needed.letters) \(path)" }
        // The owner that no id means must go in any case.
        guard place.supportsLists, inode.uid != nil, inode.gid != nil else {
            guard let group = owners.stored(group: user.gid) else { return nil }
            if inode.gid == nil { giveAway = giveAway.replacing("chown \(stored)", with: "chown \(stored):\(group)") }
            return Remedy(command: giveAway, alternatives: [])
        }
        return Remedy(
            command: "setfacl -m u:\(stored):\(needed.letters) \(path)", alternatives: [giveAway])
    }
}
