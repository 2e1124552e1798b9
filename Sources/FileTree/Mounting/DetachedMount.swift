internal import CLinux
internal import Glibc
package import StorageModel

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

    /// Of the handle, for the length of one call.
    var descriptorNumber: CInt { handle.rawValue }

    /// Copies the mount of a directory, or of a single file, with it as its root (`open_tree(2)`). What is mounted below is
    /// in it only if asked for. The copy is private, all of it: nothing that is mounted in it spreads, whatever the original
    /// does.
    ///
    /// Needs `CAP_SYS_ADMIN` and Linux 5.2; of a directory opened beneath another detached mount, Linux 6.15.
    /// - Parameters:
    ///   - entry: may be opened with `O_PATH`.
    ///   - recursively: whether what is mounted below comes along, with the same restrictions.
    package static func cloning(
        _ entry: borrowing Descriptor, _ restrictions: MountRestrictions = [], recursively: Bool = false
    ) throws(FileError) -> DetachedMount {
        let mount = try copying(entry, recursively: recursively)
        try mount.set(restrictions, recursively ? .rprivate : .private, recursively: recursively)
        return mount
    }

    /// As ``cloning(_:_:recursively:)``, but the copy has what the original has: restrictions, and mounts of a shared one
    /// spread from the copy and to it.
    package static func copying(
        _ entry: borrowing Descriptor, recursively: Bool
    ) throws(FileError) -> DetachedMount {
        let number = entry.rawValue
        let result = changing("open_tree") { Int(holdfast_clone_tree(number, recursively ? 1 : 0)) }
        return DetachedMount(adopting: Descriptor(try check(result, "open_tree")))
    }

    /// Another value for the same mount: it is there as long as either is, and attaching one attaches both.
    package borrowing func share() throws(FileError) -> DetachedMount {
        DetachedMount(adopting: try handle.duplicate())
    }

    /// The status of the root, which is a file if a single file was copied.
    package borrowing func status() throws(FileError) -> FileStatus { try handle.status() }

    /// What the mount and its file system forbid (`fstatvfs(3)`).
    package borrowing func restrictions() throws(FileError) -> MountRestrictions {
        let number = handle.rawValue
        let result = attempt { Int(holdfast_mount_attributes(number)) }
        return MountRestrictions(rawValue: UInt32(try check(result, "fstatvfs")))
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

    /// Attaches the mount over an open file or directory, which may be opened with `O_PATH` (`move_mount(2)`). What is
    /// mounted there already is hidden.
    ///
    /// - Parameter propagation: how mounts spread to it from then on. A place on a shared mount makes what is attached there
    ///   shared, whatever it was before.
    package consuming func attach(
        onto place: borrowing Descriptor, _ propagation: MountPropagation? = nil
    ) throws(FileError) {
        let (tree, number) = (handle.rawValue, place.rawValue)
        try check(changing("move_mount") { Int(holdfast_move_mount_onto(tree, number)) }, "move_mount")
        if let propagation { try set([], propagation, recursively: false) }
    }

    /// Forbids more, and sets how mounts spread (`mount_setattr(2)`, Linux 5.12).
    ///
    /// - Parameter recursively: whether the restrictions hold for what is mounted below too; a propagation says by itself
    ///   whether it does.
    package borrowing func set(
        _ restrictions: MountRestrictions, _ propagation: MountPropagation? = nil, recursively: Bool
    ) throws(FileError) {
        guard let propagation else {
            if !restrictions.isEmpty { try setAttributes(restrictions.rawValue, recursively: recursively) }
            return
        }
        let isOneCall = restrictions.isEmpty || propagation.isRecursive == recursively
        if !isOneCall { try setAttributes(restrictions.rawValue, recursively: recursively) }
        try setAttributes(
            isOneCall ? restrictions.rawValue : 0, propagation: propagation.flag, recursively: propagation.isRecursive)
    }

    /// Forbids more, and makes the mount private.
    borrowing func restrict(_ restrictions: MountRestrictions) throws(FileError) {
        try set(restrictions, .private, recursively: false)
    }

    /// Shows the ids of a user namespace in place of the file system's (`MOUNT_ATTR_IDMAP`).
    borrowing func mapIdentities(by namespace: borrowing Descriptor, recursively: Bool = false) throws(FileError) {
        try setAttributes(0, recursively: recursively, userNamespace: namespace.rawValue)
    }

    private borrowing func setAttributes(
        _ attributes: UInt32, propagation: UInt32 = 0, recursively: Bool, userNamespace: CInt = -1
    ) throws(FileError) {
        let tree = handle.rawValue
        let result = changing("mount_setattr") {
            Int(holdfast_mount_setattr(tree, recursively ? 1 : 0, attributes, propagation, userNamespace))
        }
        try check(result, "mount_setattr")
    }
}

/// A mount that several owners share; gone when the last of them is, unless it was attached.
package final class SharedMount: Sendable {
    package let mount: DetachedMount

    package init(_ mount: consuming DetachedMount) { self.mount = mount }
}

extension MountPropagation {
    /// Whether it concerns everything mounted below too.
    package var isRecursive: Bool {
        switch self {
        case .private, .shared, .slave, .unbindable: false
        case .rprivate, .rshared, .rslave, .runbindable: true
        }
    }

    var flag: UInt32 {
        switch self {
        case .private, .rprivate: HOLDFAST_PRIVATE
        case .shared, .rshared: HOLDFAST_SHARED
        case .slave, .rslave: HOLDFAST_SLAVE
        case .unbindable, .runbindable: HOLDFAST_UNBINDABLE
        }
    }
}
