internal import StorageModel
internal import Synchronization

/// What the threads of one scan share.
final class UsageScanState: Sendable {
    private struct Waiting: Sendable {
        var work: [UsageWork] = [.root]
        var busy = 0
    }

    let root: SharedDescriptor
    let status: FileStatus
    let options: UsageScan.Options
    let links = LinkLedger()
    let throttle: CallThrottle?
    private let waiting = Monitor(Waiting())
    /// Threads that have nothing to do, less the work that was given to them and waits. The first piece of work was not given.
    private let hungry = Atomic<Int>(-1)
    private let isStopped = Atomic<Bool>(false)
    private let gathered = Mutex(UsageScan.Outcome())
    private let tree: Mutex<UsageTree?>
    /// Directories that were entered, where one may be met twice by way of mounts.
    private let entered = Mutex<Set<FileIdentity>>([])

    /// How many of the entries that cannot be read are told.
    static let limitNotices = 100

    init(_ root: consuming Descriptor, _ status: FileStatus, _ options: UsageScan.Options) {
        self.root = SharedDescriptor(root)
        self.status = status
        self.options = options
        throttle = options.callsPerSecond.map { CallThrottle(callsPerSecond: $0, options.checkpoint.interruption) }
        let entry = UsageTree.Entry(
            kind: .directory, allocatedBytes: status.allocatedBytes, apparentBytes: 0,
            modifiedAtSeconds: status.modifiedAt.seconds, uid: status.uid, gid: status.gid)
        tree = Mutex(options.recordsTree ? UsageTree(root: entry) : nil)
        gathered.withLock { outcome in
            outcome.totals.allocatedBytes = status.allocatedBytes
            outcome.totals.directories = 1
        }
        if !options.staysOnFileSystem { _ = isFirstVisit(status.identity) }
    }

    /// Scans until nothing is left and no other thread can find more. Call on each thread.
    func work() {
        var worker = UsageWorker(self)
        while let work = take() { worker.run(work) }
        worker.finish()
    }

    /// Whether to stop, by interruption or deadline.
    func mustStop() -> Bool {
        if options.checkpoint.interruption.isRequested { return true }
        guard let deadline = options.deadline else { return false }
        if isStopped.load(ordering: .relaxed) { return true }
        guard ContinuousClock.now >= deadline else { return false }
        isStopped.store(true, ordering: .relaxed)
        return true
    }

    /// Notes that not everything was scanned.
    func leaveRest() { gathered.withLock { $0.isPartial = true } }

    /// Whether another thread has nothing to do.
    var wantsWork: Bool { hungry.load(ordering: .relaxed) > 0 }

    func give(_ work: UsageWork) {
        hungry.subtract(1, ordering: .relaxed)
        waiting.update { $0.work.append(work) }
    }

    private func take() -> UsageWork? {
        hungry.add(1, ordering: .relaxed)
        return waiting.wait { state in
            if let work = state.work.popLast() {
                state.busy += 1
                return .some(work)
            }
            return state.busy == 0 ? .some(nil) : nil
        }
    }

    /// The calling thread has done all it had.
    func endOfWork() { waiting.update { $0.busy -= 1 } }

    // MARK: What is found

    /// Adds the children of a directory to the tree.
    ///
    /// - Returns: the index of the first; `nil` if there is no tree, or if it is full.
    func record(_ children: UsageTree.Children, of index: Int, isIncomplete: Bool) -> Int? {
        tree.withLock { tree in
            if isIncomplete { tree?.mark(.unreadable, at: index) }
            return tree?.append(children, to: index)
        }
    }

    func markUnreadable(_ index: Int) { tree.withLock { $0?.mark(.unreadable, at: index) } }

    /// Whether a directory is met for the first time, where mounts may lead to it twice.
    func isFirstVisit(_ identity: FileIdentity) -> Bool { entered.withLock { $0.insert(identity).inserted } }

    func meet(_ identity: FileIdentity) {
        guard options.awaited.contains(identity) else { return }
        gathered.withLock { _ = $0.met.insert(identity) }
    }

    func note(_ path: @autoclosure () -> EntryPath, _ error: Errno) {
        gathered.withLock { outcome in
            guard outcome.unreadable.count < Self.limitNotices else { return }
            outcome.unreadable.append(EntryNotice(path: path(), reason: error.description))
        }
    }

    func add(_ totals: UsageTotals, _ extents: ExtentMap?) {
        gathered.withLock { outcome in
            outcome.totals += totals
            guard let extents else { return }
            var sum = outcome.extents ?? ExtentMap()
            sum.add(extents)
            outcome.extents = sum
        }
    }

    func outcome() -> UsageScan.Outcome {
        var outcome = gathered.withLock { $0 }
        outcome.outsideLinks = options.reportsOutsideLinks ? links.openLinks() : [:]
        outcome.tree = tree.withLock { tree in
            let whole = tree.take()
            return whole
        }
        outcome.tree?.settleLinks()
        outcome.extents?.settle()
        return outcome
    }
}

/// Which inodes with several names were counted, as long as names of them are still to come: an entry goes when the last
/// name was met, so that memory follows the inodes with names outside of the tree.
final class LinkLedger: Sendable {
    private struct Link: Sendable {
        var remaining: UInt32
        var usage: UsageScan.OutsideLink
    }

    private final class Shard: Sendable {
        let links = Mutex<[FileIdentity: Link]>([:])
    }

    private let shards = (0..<16).map { _ in Shard() }

    /// Whether this is the first name of the inode that is met.
    func isFirst(_ identity: FileIdentity, linkCount: UInt32, _ usage: UsageScan.OutsideLink) -> Bool {
        shards[Int(identity.inode & 15)].links.withLock { links in
            guard let index = links.index(forKey: identity) else {
                links[identity] = Link(remaining: linkCount - 1, usage: usage)
                return true
            }
            links.values[index].remaining &-= 1
            if links.values[index].remaining == 0 { links.remove(at: index) }
            return false
        }
    }

    /// What the inodes take of which not all names were met.
    func openLinks() -> [FileIdentity: UsageScan.OutsideLink] {
        var result: [FileIdentity: UsageScan.OutsideLink] = [:]
        for shard in shards {
            shard.links.withLock { links in
                for (identity, link) in links { result[identity] = link.usage }
            }
        }
        return result
    }
}
