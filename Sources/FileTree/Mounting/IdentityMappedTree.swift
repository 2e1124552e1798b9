package import StorageModel

/// A second view of a directory, in which every owner is shifted by an ``StorageModel/IdentityMapping``: what belongs to 0
/// on disk belongs to the host's id for 0 in the view, and the other way round for what is written through it.
///
/// One view of the directory that holds all layers serves any number of lower directories: they are opened beneath it, and
/// an overlay of them has the mapped owners. The view must live until the overlay is made, not longer.
package enum IdentityMappedTree {
    /// Makes the view, attached nowhere (`open_tree(2)`, `mount_setattr(2)` with `MOUNT_ATTR_IDMAP`).
    ///
    /// Needs `CAP_SYS_ADMIN`, Linux 5.12, and a file system that can be mapped (ext4, XFS, Btrfs, tmpfs, …; `EINVAL`
    /// elsewhere). An overlay takes lower directories of a mount that is attached nowhere since Linux 6.15; before, attach
    /// the view first and open the directories afterwards.
    package static func make(
        of directory: borrowing Descriptor, _ mapping: IdentityMapping, _ restrictions: MountRestrictions = []
    ) throws(FileError) -> DetachedMount {
        let mount = try DetachedMount.cloning(directory, restrictions)
        try map(mount, users: mapping, groups: mapping)
        return mount
    }

    /// Maps a mount that is attached nowhere, and was not mapped before.
    ///
    /// - Parameter recursively: what is mounted below too, all of which must be of file systems that can be mapped.
    package static func map(
        _ mount: borrowing DetachedMount, users: IdentityMapping, groups: IdentityMapping, recursively: Bool = false
    ) throws(FileError) {
        let namespace = try UserNamespace.make(users: users, groups: groups)
        try mount.mapIdentities(by: namespace, recursively: recursively)
    }
}
