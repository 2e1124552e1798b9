internal import CLinux
internal import Glibc
internal import StorageModel

/// Takes mounts away by descriptor and name.
package enum Unmounting {
    /// More mounts on top of each other than anybody makes.
    private static let stackLimit = 100

    /// Unmounts whatever is mounted on the directory `name`, several mounts on top of each other too, with all that is mounted
    /// below, at once (`umount2(2)`, `MNT_DETACH`): who has something open there keeps it. Nothing mounted there is no failure.
    ///
    /// Only that goes: what is mounted below is made private first, as unmounting in a copy of a shared mount would unmount
    /// in the original too.
    ///
    /// - Returns: how many mounts were taken away.
    @discardableResult
    package static func detach(
        _ name: some Collection<UInt8>, in directory: borrowing Descriptor
    ) throws(FileError) -> Int {
        var count = 0
        while try directory.status(of: name).isMountRoot {
            guard count < stackLimit else {
                throw failure(-Int(EBUSY), "umount2", String(decoding: name, as: UTF8.self))
            }
            try isolate(try directory.openPlace(inRoot: name))
            try unmountTop(name, in: directory, flags: HOLDFAST_MNT_DETACH)
            count += 1
        }
        return count
    }

    /// Unmounts what is mounted on the directory `name`, which nobody may use any more (`EBUSY`). When this returns, the
    /// file system has written out what it held, if this was its last mount. Nothing mounted there is `EINVAL`.
    package static func unmount(
        _ name: some Collection<UInt8>, in directory: borrowing Descriptor
    ) throws(FileError) {
        try unmountTop(name, in: directory, flags: 0)
    }

    /// As ``detach(_:in:)``, in every mount namespace.
    ///
    /// Who copied this mount namespace while the mount was there has a copy of it, which keeps its file system busy: an
    /// overlay's upper directory could not be mounted again. The kernel drops all mounts on a directory that is removed
    /// (Linux 3.18), so a new empty one, of the same owner and mode, is renamed over it; the name is never missing.
    /// - Throws: `ENOTEMPTY` if there is something in the directory underneath; `EBUSY` if another mount appeared.
    package static func detachEverywhere(
        _ name: some Collection<UInt8>, in directory: borrowing Descriptor
    ) throws(FileError) {
        try detach(name, in: directory)
        let status = try directory.status(of: name)
        let fresh = RandomName.make()
        try directory.makeDirectory(fresh)
        do throws(FileError) {
            let made = try directory.openDirectory(fresh)
            try made.applyMetadata(status.metadata, xattrs: [], ownership: true, current: try made.status())
            try directory.rename(fresh, to: directory, name, mode: .replace)
        } catch {
            // The first failure is the one to tell; an empty directory left over harms nobody.
            try? directory.removeDirectory(fresh)
            throw error
        }
    }

    private static func isolate(_ mountRoot: borrowing Descriptor) throws(FileError) {
        let number = mountRoot.rawValue
        let result = changing("mount_setattr") { Int(holdfast_mount_setattr(number, 1, 0, HOLDFAST_PRIVATE, -1)) }
        try check(result, "mount_setattr")
    }

    /// Unmounts a mount that was attached somewhere, with everything mounted below, at once; see ``detach(_:in:)``.
    package static func detach(_ root: borrowing DetachedMount) throws(FileError) {
        try root.set([], .rprivate, recursively: true)
        let number = root.descriptorNumber
        let result = withCText(Array("/proc/self/fd/\(number)".utf8)) { path in
            changing("umount2") { Int(holdfast_umount2(path, HOLDFAST_MNT_DETACH)) }
        }
        try check(result, "umount2")
    }

    /// `umount2` knows paths only: `/proc/self/fd/N/name`, where N leads to the open directory whatever its path is now.
    private static func unmountTop(
        _ name: some Collection<UInt8>, in directory: borrowing Descriptor, flags: CInt
    ) throws(FileError) {
        let number = directory.rawValue
        // The name is checked by itself: in a path, `..` would lead elsewhere.
        let result = withName(name) { _ in
            withCText(Array("/proc/self/fd/\(number)/".utf8) + Array(name)) { path in
                changing("umount2") { Int(holdfast_umount2(path, flags | HOLDFAST_UMOUNT_NOFOLLOW)) }
            }
        }
        try check(result, "umount2", name)
    }
}
