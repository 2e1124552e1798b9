internal import CLinux
internal import Glibc
internal import StorageModel

/// Subvolumes of btrfs: trees of which the file system makes a snapshot in an instant, whatever their size (btrfs-subvolume(8)).
package enum Subvolume {
    private static let fileSystemType: UInt64 = 0x9123_683e
    /// The root directory of every subvolume has this inode number.
    private static let rootInode: UInt64 = 256
    /// What a snapshot is called in the area of a backup.
    package static let snapshotName = Array("snapshot".utf8)

    /// Whether an open directory is the root of a subvolume.
    package static func isRoot(_ directory: borrowing Descriptor) throws(FileError) -> Bool {
        guard try directory.status().inode == rootInode else { return false }
        return try directory.fileSystemStatus().type == fileSystemType
    }

    /// Whether the directory `name` is the root of a subvolume that lies in `directory`, and not one that is mounted there.
    package static func lies(_ name: [UInt8], in directory: borrowing Descriptor) throws(FileError) -> Bool {
        let number = directory.rawValue
        let result = withName(name) { text in
            attempt { Int(holdfast_open_on_mount(number, text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) }
        }
        if result == -Int(EXDEV) { return false }
        return try isRoot(Descriptor(try check(result, "openat2", name)))
    }

    /// Whether other subvolumes lie in this one: a snapshot has empty directories in their places.
    package static func hasNested(_ root: borrowing Descriptor) throws(FileError) -> Bool {
        let number = root.rawValue
        return try check(
            attempt { Int(holdfast_subvolume_has_nested(number)) }, "ioctl(BTRFS_IOC_GET_SUBVOL_ROOTREF)") != 0
    }

    /// Makes an empty subvolume called `name`, as mkdir(2) makes a directory.
    package static func make(_ name: [UInt8], in directory: borrowing Descriptor, mode: UInt16) throws(FileError) {
        let place = directory.rawValue
        try check(
            withName(name) { text in
                changing("ioctl(BTRFS_IOC_SUBVOL_CREATE)") { Int(holdfast_subvolume_create(place, text)) }
            }, "ioctl(BTRFS_IOC_SUBVOL_CREATE)", name)
        try directory.setMode(mode, of: name)
    }

    /// Makes a snapshot of the subvolume `root`, called `name`, in a directory of the same file system. It is on disk then, with
    /// everything that was written to the subvolume.
    package static func snapshot(
        _ root: borrowing Descriptor, _ name: [UInt8], in directory: borrowing Descriptor, isWritable: Bool = false
    ) throws(FileError) {
        let (place, number) = (directory.rawValue, root.rawValue)
        try check(
            withName(name) { text in
                changing("ioctl(BTRFS_IOC_SNAP_CREATE_V2)") {
                    Int(holdfast_subvolume_snapshot(place, text, number, isWritable ? 1 : 0))
                }
            }, "ioctl(BTRFS_IOC_SNAP_CREATE_V2)", name)
    }

    /// Whether subvolumes can lie in a directory.
    package static func canLie(in directory: borrowing Descriptor) -> Bool {
        (try? directory.fileSystemStatus().type) == fileSystemType
    }

    /// Whether the caller may make subvolumes in a directory and remove them again, and files in them are written as they are in
    /// the directory: a subvolume does not take over that files are not copied on write.
    package static func isWelcome(in directory: borrowing Descriptor) -> Bool {
        let number = directory.rawValue
        return canLie(in: directory) && holdfast_btrfs_is_administered(number) == 1
            && holdfast_is_overwritten_in_place(number) == 0
    }

    /// Whether an open directory is the root of a read-only snapshot, to which nothing was done since it was made.
    package static func isUntouched(_ directory: borrowing Descriptor) throws(FileError) -> Bool {
        guard try isRoot(directory) else { return false }
        return holdfast_subvolume_is_read_only(directory.rawValue) == 1
    }

    /// The number that the file system gave a subvolume, to no other before or after. Root directories of subvolumes cannot be
    /// told apart by their inode numbers, which are the same, nor after a reboot by their device numbers.
    package static func number(of root: borrowing Descriptor) throws(FileError) -> UInt64 {
        let descriptor = root.rawValue
        var number: UInt64 = 0
        try check(
            attempt { Int(holdfast_subvolume_number(descriptor, &number)) }, "ioctl(BTRFS_IOC_INO_LOOKUP)")
        return number
    }

    /// Removes the subvolume called `name` with everything in it, in an instant. The space comes back when the file system has
    /// got round to it.
    ///
    /// - Returns: `false` if that is no subvolume, others lie in it, something is mounted below, or only root may: then nothing
    ///   was removed.
    static func removeAtOnce(_ name: [UInt8], in directory: borrowing Descriptor) -> Bool {
        guard (try? lies(name, in: directory)) == true, !hasMounts(below: name, in: directory) else { return false }
        if destroy(name, in: directory) { return true }
        // What stays is removed entry by entry, which a read-only snapshot would not allow.
        if let subvolume = try? directory.openDirectory(name) {
            let number = subvolume.rawValue
            _ = changing("ioctl(BTRFS_IOC_SUBVOL_SETFLAGS)") { Int(holdfast_subvolume_make_writable(number)) }
        }
        return destroy(name, in: directory)
    }

    /// The kernel would take mounts below away with the subvolume. What cannot be asked is taken for the harder case.
    private static func hasMounts(below name: [UInt8], in directory: borrowing Descriptor) -> Bool {
        guard let mounts = try? MountTable.ofThisProcess(),
            let parent = try? Descriptor.openDirectory(atHostPath: "/proc/self/fd").readLink(
                "\(directory.rawValue)".utf8)
        else { return true }
        let path = AbsolutePath.joined(parent, name)
        return mounts.contains { AbsolutePath.remainder(of: $0.mountpoint, beneath: path) != nil }
    }

    /// Removes the snapshot called `name`, if there is one. The space comes back when the file system has got round to it.
    ///
    /// Who is not root may not remove one that is read-only, nor any without the mount option `user_subvol_rm_allowed`: it is
    /// made writable, and removed as a subvolume or else as any tree. An empty subvolume goes like an empty directory.
    package static func removeSnapshot(_ name: [UInt8], in directory: borrowing Descriptor) throws(FileError) {
        guard let snapshot = try openSnapshot(name, in: directory) else { return }
        let number = snapshot.rawValue
        if destroy(name, in: directory) { return }
        try check(
            changing("ioctl(BTRFS_IOC_SUBVOL_SETFLAGS)") { Int(holdfast_subvolume_make_writable(number)) },
            "ioctl(BTRFS_IOC_SUBVOL_SETFLAGS)", name)
        if destroy(name, in: directory) { return }
        // Not as a part of the area: to a removal, what has another device number is another's.
        try TreeRemoval.remove(name, in: directory)
    }

    private static func destroy(_ name: [UInt8], in directory: borrowing Descriptor) -> Bool {
        let place = directory.rawValue
        return withName(name) { text in
            changing("ioctl(BTRFS_IOC_SNAP_DESTROY)") { Int(holdfast_subvolume_destroy(place, text)) }
        } >= 0
    }

    private static func openSnapshot(
        _ name: [UInt8], in directory: borrowing Descriptor
    ) throws(FileError) -> Descriptor? {
        do throws(FileError) {
            let snapshot = try directory.openDirectory(name)
            if try isRoot(snapshot) { return snapshot }
            return nil
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {
            return nil
        }
    }

    /// Removes a directory in which a snapshot of that name may lie, with everything in it.
    package static func removeArea(_ name: [UInt8], in parent: borrowing Descriptor) throws(FileError) {
        do throws(FileError) {
            try removeSnapshot(snapshotName, in: try parent.openDirectory(name))
        } catch  where error.errno == .noEntry || error.errno == .notDirectory {}
        try TreeRemoval.remove(name, in: parent)
    }
}
