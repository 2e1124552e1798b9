internal import CLinux
package import StorageModel

/// Counts what a tree takes, in any order, on several threads; exact as `du` is: every inode once.
///
/// ```swift
/// let usage = try UsageScan.totals(of: directory, threads: 2)
/// var options = UsageScan.Options()
/// options.recordsTree = true
/// let outcome = try UsageScan.run(directory, options)
/// ```
///
/// A directory is a unit of work, a large one several: listed into one buffer for each thread (`getdents64(2)`) and examined
/// relative to its descriptor (`fstatat(2)`), with nothing allocated for a file. A subdirectory is opened from its parent's
/// descriptor, so that paths never get long and nothing leads out of the tree. Each thread keeps what it finds for itself, the
/// latest first, and gives the oldest to threads that have nothing to do.
///
/// Memory, without a tree: the names of directories that are still to be listed, a few along each path; and about 60 bytes
/// for each inode of which only some names were met so far.
package enum UsageScan {
    package struct Options: Sendable {
        package var threads = WorkerPool.defaultThreads
        /// Whether mounts below the root are left out, as `du --one-file-system` does.
        package var staysOnFileSystem = true
        /// Whether every entry is kept, in ``Outcome/tree``.
        package var recordsTree = false
        /// Whether it is found out which inodes have names outside of the tree.
        package var reportsOutsideLinks = false
        /// Whether the extents of files are looked at, which opens each of them.
        package var readsExtents = false
        /// Directories to look out for: the roots of other trees.
        package var awaited: Set<FileIdentity> = []
        /// So many system calls a second at most, over all threads.
        package var callsPerSecond: Int?
        /// When to stop with what there is.
        package var deadline: ContinuousClock.Instant?
        package var checkpoint = Checkpoint()

        package init() {}
    }

    /// What an inode takes that has other names outside of the tree.
    package struct OutsideLink: Hashable, Sendable {
        package var allocatedBytes: UInt64
        package var apparentBytes: UInt64

        package init(allocatedBytes: UInt64, apparentBytes: UInt64) {
            self.allocatedBytes = allocatedBytes
            self.apparentBytes = apparentBytes
        }
    }

    package struct Outcome: Sendable {
        package var totals = UsageTotals()
        package var tree: UsageTree?
        /// What inodes take that have other names outside of the tree.
        package var outsideLinks: [FileIdentity: OutsideLink] = [:]
        /// The awaited directories that lie in the tree.
        package var met: Set<FileIdentity> = []
        /// The first entries that could not be read.
        package var unreadable: [EntryNotice] = []
        package var extents: ExtentMap?
        /// Where the extents are, if they were looked at.
        package var extentSpace: ExtentSpace?
        /// Whether it was interrupted, or stopped at the deadline.
        package var isPartial = false

        package init() {}
    }

    /// Counts what lies at and below `root`. Whatever cannot be read is counted in
    /// ``StorageModel/UsageTotals/errors``; what vanishes meanwhile is not there.
    ///
    /// One thread works on the caller's. Once interrupted it returns soon with what it has.
    ///
    /// - Throws: if the root itself cannot be examined or opened.
    package static func run(_ root: borrowing Descriptor, _ options: Options = Options()) throws(FileError) -> Outcome {
        let status = try root.status()
        let shared = UsageScanState(try root.reopenDirectory(), status, options)
        if options.threads == 1 {
            shared.work()
        } else {
            let pool = WorkerPool(threads: options.threads)
            for _ in 0..<options.threads { pool.submit { shared.work() } }
            pool.finish()
        }
        var outcome = shared.outcome()
        if options.readsExtents { outcome.extentSpace = ExtentSpace(of: root, status) }
        return outcome
    }

    /// What lies at and below `root` takes, on so many threads.
    package static func totals(
        of root: borrowing Descriptor, threads: Int, staysOnFileSystem: Bool = true
    ) throws(FileError) -> UsageTotals {
        var options = Options()
        options.threads = threads
        options.staysOnFileSystem = staysOnFileSystem
        return try run(root, options).totals
    }
}
