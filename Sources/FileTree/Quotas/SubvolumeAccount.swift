internal import CLinux
internal import StorageModel

/// What btrfs itself counts of a subvolume, in its group of level 0 (btrfs-quota(5)).
package enum SubvolumeAccount {
    /// Blocks on disk, those of the subvolume's own metadata included. An extent counts as a whole, compressed as it is,
    /// however little of it the files still show: so this is not the sum of what `stat(2)` says of the files.
    package struct Usage: Hashable, Sendable {
        package let referencedBytes: UInt64
        /// Those that no other subvolume or snapshot has: removing the subvolume frees them.
        package let exclusiveBytes: UInt64
    }

    /// What the subvolume takes whose root the directory is, without looking at a single file; `nil` for any other directory,
    /// without quotas or root's rights, and where the accounts are not right: while they are made, once the kernel lost count,
    /// with simple quotas, and on a file system that is mounted read-only, where a lost count is not written down.
    ///
    /// - Parameter syncs: whether everything written so far counts (`syncfs(2)`). Otherwise it is as of the file system's last
    ///   commit, half a minute ago at most unless it was mounted otherwise.
    package static func usage(of directory: borrowing Descriptor, syncs: Bool) -> Usage? {
        guard let isRoot = try? Subvolume.isRoot(directory), isRoot,
            let isReadOnly = try? directory.fileSystemStatus().isReadOnly, !isReadOnly,
            let last = read(directory)
        else { return nil }
        guard syncs else { return last }
        let number = directory.rawValue
        // It changes nothing that anybody sees; what cannot be written is not in the account.
        return attempt { Int(holdfast_syncfs(number)) } < 0 ? nil : read(directory)
    }

    private static func read(_ subvolume: borrowing Descriptor) -> Usage? {
        let number = subvolume.rawValue
        var (referenced, exclusive): (UInt64, UInt64) = (0, 0)
        guard attempt({ Int(holdfast_subvolume_account(number, &referenced, &exclusive)) }) == 1 else { return nil }
        return Usage(referencedBytes: referenced, exclusiveBytes: exclusive)
    }
}
