internal import CLinux
internal import StorageModel

/// Limits what a directory may hold, by a project of its own on XFS or ext4 with project quotas (xfs_quota(8)).
package enum ProjectQuota {
    /// Why a directory cannot be limited.
    package enum Obstacle: Error, Sendable {
        /// The file system, or how it is mounted, has no project quotas that are enforced.
        case unsupported(FileError?)
        case failed(FileError)
    }

    /// Numbers that are tried before giving up; those of others are a few in four thousand million.
    private static let attemptLimit = 64

    /// Gives an empty directory a project of its own with a limit: everything that is made in it counts from the first byte.
    ///
    /// The limit is set before the directory is in the project, so that there is no moment without one.
    package static func limit(_ directory: borrowing Descriptor, toBytes bytes: UInt64) throws(Obstacle) {
        try requireEnforcement(directory)
        do throws(FileError) {
            let (number, project) = (directory.rawValue, try freeProject(directory))
            try check(
                changing("quotactl_fd") { Int(holdfast_set_project_limit(number, project, bytes)) }, "quotactl_fd")
            do throws(FileError) {
                try check(
                    changing("ioctl(FS_IOC_FSSETXATTR)") { Int(holdfast_set_project(number, project)) },
                    "ioctl(FS_IOC_FSSETXATTR)")
            } catch {
                // The first failure is the one to tell; a limit of a project without files limits nothing.
                _ = changing("quotactl_fd") { Int(holdfast_set_project_limit(number, project, 0)) }
                throw error
            }
        } catch {
            throw .failed(error)
        }
    }

    /// - Throws: what keeps a file system from limiting projects; nothing is changed.
    package static func requireEnforcement(_ directory: borrowing Descriptor) throws(Obstacle) {
        let number = directory.rawValue
        let result = attempt { Int(holdfast_enforces_project_quotas(number)) }
        if result < 0 { throw .unsupported(failure(result, "quotactl_fd", "")) }
        if result == 0 { throw .unsupported(nil) }
    }

    /// Lifts the limit of the directory's project, if it has one of its own. The project's number is free once its files are
    /// deleted.
    package static func release(_ directory: borrowing Descriptor) throws(FileError) {
        let number = directory.rawValue
        let project = holdfast_project(number)
        guard project > 0, let project = UInt32(exactly: project) else { return }
        try check(changing("quotactl_fd") { Int(holdfast_set_project_limit(number, project, 0)) }, "quotactl_fd")
    }

    /// What a project's files take, as the file system itself counts them.
    package struct Usage: Hashable, Sendable {
        /// Deleted files that are still open are included.
        package let allocatedBytes: UInt64
        /// Files of all kinds and directories.
        package let inodes: UInt64
    }

    /// What the directory's project takes, without looking at a single file; `nil` if it has no project of its own, or the
    /// file system keeps no accounts of projects.
    ///
    /// Right for a directory that was given its project while it was empty, as ``limit(_:toBytes:)`` does.
    package static func usage(of directory: borrowing Descriptor) -> Usage? {
        let number = directory.rawValue
        let project = holdfast_project(number)
        guard project > 0, let project = UInt32(exactly: project),
            attempt({ Int(holdfast_enforces_project_quotas(number)) }) == 1
        else { return nil }
        var (bytes, inodes): (UInt64, UInt64) = (0, 0)
        guard attempt({ Int(holdfast_project_usage(number, project, &bytes, &inodes)) }) == 0, inodes > 0 else {
            return nil
        }
        return Usage(allocatedBytes: bytes, inodes: inodes)
    }

    private static func freeProject(_ directory: borrowing Descriptor) throws(FileError) -> UInt32 {
        let number = directory.rawValue
        for _ in 0..<attemptLimit {
            // People count theirs from 1; these are far from there.
            let project = UInt32.random(in: 1 << 20..<UInt32.max)
            let result = attempt { Int(holdfast_is_project_free(number, project)) }
            if try check(result, "quotactl_fd") == 1 { return project }
        }
        throw failure(-Int(Errno.again.rawValue), "quotactl_fd", "")
    }
}
