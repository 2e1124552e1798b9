internal import CLinux
internal import Glibc

/// Owns a mount that is attached nowhere: no path leads to it, no mount table lists it, and it is gone when this value and
/// everything opened beneath it are closed, also when the process dies.
///
/// A tree can be read and written through it by descriptor as any other (``openRoot()``). ``attach(to:_:)`` gives it a
/// place; from then on it lives until it is unmounted.
///
/// Swift ends a value's life after its last use: hold it (`withExtendedLifetime`) as long as the mount must be one, as
/// when directories beneath it become layers of an overlay. What is opened beneath stays usable in any case.
package struct DetachedMount: ~Copyable, Sendable {
    /// Of the root, opened with `O_PATH`: entries can be opened and looked at beneath it, but it cannot be listed itself.
    private let handle: Descriptor

    init(adopting handle: consuming Descriptor) { self.handle = handle }

    /// Copies the mount of `directory`, with it as its root (`open_tree(2)`). What is mounted below is not in it. The copy
    /// is private: nothing that is mounted in it spreads, whatever the original does.
    ///
    /// Needs `CAP_SYS_ADMIN` and Linux 5.2.
    package static func cloning(
        _ directory: borrowing Descriptor, _ restrictions: MountRestrictions = []
    ) throws(FileError) -> DetachedMount {
        let number = directory.rawValue
        let result = changing("open_tree") { Int(holdfast_clone_tree(number)) }
        let mount = DetachedMount(adopting: Descriptor(try check(result, "open_tree")))
        try mount.restrict(restrictions)
        return mount
    }

    /// A new descriptor of the root, which can be listed and synced.
    package borrowing func openRoot() throws(FileError) -> Descriptor { try handle.reopenDirectory() }

    /// Attaches the mount over the directory `name` (`move_mount(2)`); a symbolic link is not followed (`EINVAL`).
    ///
    /// Where the mount at that place is shared, the attached one spreads as far as it does. If the call fails, the mount is
    /// gone with this value.
    package consuming func attach(
        to directory: borrowing Descriptor, _ name: some Collection<UInt8>
    ) throws(FileError) {
        let (tree, place) = (handle.rawValue, directory.rawValue)
        let result = withName(name) { text in
            changing("move_mount") { Int(holdfast_move_mount(tree, place, text)) }
        }
        try check(result, "move_mount", name)
    }

    /// Forbids more, and makes the mount private (`mount_setattr(2)`, Linux 5.12).
    borrowing func restrict(_ restrictions: MountRestrictions) throws(FileError) {
        try setAttributes(restrictions, userNamespace: -1)
    }

    /// Shows the ids of a user namespace in place of the file system's (`MOUNT_ATTR_IDMAP`).
    borrowing func mapIdentities(by namespace: borrowing Descriptor) throws(FileError) {
        try setAttributes([], userNamespace: namespace.rawValue)
    }

    private borrowing func setAttributes(
        _ restrictions: MountRestrictions, userNamespace: CInt
    ) throws(FileError) {
        let tree = handle.rawValue
        let result = changing("mount_setattr") {
            Int(holdfast_mount_setattr(tree, restrictions.rawValue, userNamespace))
        }
        try check(result, "mount_setattr")
    }
}
