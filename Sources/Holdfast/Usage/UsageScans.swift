internal import Archive
internal import FileTree
internal import Reports
public import StorageModel
internal import Volumes

/// What volumes and directories take: scans of several sources as one command has them.
///
/// ```swift
/// var request = UsageRequest(sources: [.volume(try VolumeName("pg")), .directory("/srv/www")])
/// request.recordsTree = true
/// let report = try UsageScans.run(request, store: store, checkpoint: Checkpoint())
/// ```
public enum UsageScans {
    /// Scans the sources one after the other, each on several threads.
    ///
    /// Nobody is kept from changing them: a scan takes no lease, except of a volume whose device has to be mounted. What
    /// vanishes meanwhile is left out; what cannot be read makes the figures lower bounds, and a source that cannot be scanned
    /// at all is in ``StorageModel/UsageRunReport/failures``. Once interrupted, or at the time limit, it returns what it has.
    ///
    /// Cost: a system call for each entry. Memory: see ``StorageModel/UsageRequest/recordsTree``.
    ///
    /// - Parameter store: where volumes of Holdfast are; `nil` if the request has none.
    public static func run(
        _ request: UsageRequest, store: Store? = nil, checkpoint: Checkpoint = Checkpoint()
    ) throws(StorageError) -> UsageRunReport {
        var run = UsageRun(request, store: store, checkpoint: checkpoint)
        return try run.run()
    }
}

/// One command's scans.
private struct UsageRun {
    /// A source that was scanned.
    private struct Scanned {
        /// Open as long as files are to be compared.
        let root: SharedDescriptor?
        let account: SharedAccounts.Account
        var report: UsageReport
    }

    private let request: UsageRequest
    private let store: Store?
    private let checkpoint: Checkpoint
    private let deadline: ContinuousClock.Instant?
    private var result = UsageRunReport()
    private var scanned: [Scanned] = []

    init(_ request: UsageRequest, store: Store?, checkpoint: Checkpoint) {
        self.request = request
        self.store = store
        self.checkpoint = checkpoint
        deadline = request.limitSeconds.map { ContinuousClock.now + .nanoseconds(Int64($0 * 1e9)) }
    }

    mutating func run() throws(StorageError) -> UsageRunReport {
        let sources = try UsageSources.open(
            request.sources, store, namesOwners: request.namesOwners, checkpoint)
        scan(sources[...], Set(sources.compactMap(\.identity)))
        result.isInterrupted = checkpoint.interruption.isRequested
        withExtendedLifetime(sources) {}
        return result
    }

    /// Scans the sources in turn, and finishes after the last. Where files are compared with those of other sources, what is
    /// mounted for a scan stays so until then: the rest of the command happens inside of it.
    private mutating func scan(_ sources: ArraySlice<UsageSources.Source>, _ roots: Set<FileIdentity>) {
        for (index, source) in zip(sources.indices, sources) {
            switch source.place {
            case .failed(let error): result.failures.append(error)
            case .open(let root): scan(source, root, roots)
            case .device(let name):
                let rest = request.duplicatesFromBytes == nil ? nil : sources[(index + 1)...]
                if scan(source, onDevice: name, then: rest, roots) { return }
            }
        }
        finish()
    }

    /// - Parameter rest: what is scanned while the device is mounted, up to the end of the command.
    /// - Returns: whether the rest was scanned.
    private mutating func scan(
        _ source: UsageSources.Source, onDevice name: VolumeName, then rest: ArraySlice<UsageSources.Source>?,
        _ roots: Set<FileIdentity>
    ) -> Bool {
        guard let store else { return false }
        var isFinished = false
        do throws(StorageError) {
            try store.volumes.withDataToMeasure(of: name) { root throws(StorageError) in
                scan(source, root, roots)
                guard let rest else { return }
                isFinished = true
                scan(rest, roots)
            }
        } catch {
            result.failures.append(error)
        }
        return isFinished
    }

    private mutating func finish() {
        let accounts = SharedAccounts(scanned.map(\.account))
        let (shared, extents) = (accounts.sharedBytes(), accounts.extents())
        for index in scanned.indices {
            scanned[index].report.sharedBytes = shared[index]
            scanned[index].report.extents = extents[index]
        }
        result.sum = accounts.sum()
        if let minimum = request.duplicatesFromBytes { result.duplicates = duplicates(minimum) }
        result.reports = scanned.map(\.report)
        // What was mounted for this can be unmounted only once nobody has it open.
        scanned = []
    }

    private mutating func scan(
        _ source: UsageSources.Source, _ root: SharedDescriptor, _ roots: Set<FileIdentity>
    ) {
        do throws(StorageError) {
            var found = try measure(source.reference, root, roots)
            found.report.owners = source.owners
            scanned.append(found)
        } catch {
            result.failures.append(error)
        }
    }

    private func measure(
        _ reference: SourceReference, _ root: SharedDescriptor, _ roots: Set<FileIdentity>
    ) throws(StorageError) -> Scanned {
        checkpoint.progress.begin("scanning \(reference)", totalEntries: nil, totalBytes: nil)
        let clock = ContinuousClock()
        let (start, scannedAt) = (clock.now, Timestamp.now)
        let identity: FileIdentity
        let outcome: UsageScan.Outcome
        do throws(FileError) {
            identity = try root.descriptor.status().identity
            outcome = try UsageScan.run(root.descriptor, options(roots.subtracting([identity])))
        } catch {
            throw StorageError(error, doing: "scan '\(reference)'", object: reference.description)
        }
        let elapsed = start.duration(to: clock.now).components
        var report = UsageReport(
            source: reference, totals: outcome.totals, scannedAt: scannedAt,
            seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18, isPartial: outcome.isPartial,
            tree: outcome.tree)
        report.unreadable = outcome.unreadable
        // Why: a file system that does not tell makes no scan fail.
        report.room = try? root.descriptor.fileSystemRoom()
        var rest = outcome
        (rest.tree, rest.unreadable) = (nil, [])
        return Scanned(
            root: request.duplicatesFromBytes == nil ? nil : root,
            account: SharedAccounts.Account(root: identity, outcome: rest), report: report)
    }

    private func options(_ awaited: Set<FileIdentity>) -> UsageScan.Options {
        var options = UsageScan.Options()
        options.threads = request.threads ?? WorkerPool.defaultThreads
        options.staysOnFileSystem = !request.crossesFileSystems
        options.recordsTree = request.recordsTree || request.duplicatesFromBytes != nil
        options.reportsOutsideLinks = request.sources.count > 1
        options.readsExtents = request.readsExtents
        options.awaited = awaited
        options.callsPerSecond = request.callsPerSecond
        options.deadline = deadline
        options.checkpoint = checkpoint
        return options
    }

    private func duplicates(_ minimum: UInt64) -> DuplicateReport {
        let sources = scanned.compactMap { scanned -> DuplicateSearch.Source? in
            guard let root = scanned.root, let tree = scanned.report.tree else { return nil }
            return DuplicateSearch.Source(reference: scanned.report.source, root: root, tree: tree)
        }
        return DuplicateSearch.run(
            sources, minimumBytes: minimum, checkpoint: checkpoint, digest: ContentHasher.digest(of:_:))
    }
}

extension ContentHasher {
    /// The SHA-256 of some bytes of a file; `nil` if it is shorter.
    fileprivate static func digest(of file: borrowing Descriptor, _ range: Range<UInt64>) throws(FileError) -> Digest? {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(1 << 20, UInt64(range.count))), alignment: 4096)
        defer { buffer.deallocate() }
        var hasher = ContentHasher()
        var position = range.lowerBound
        while position < range.upperBound {
            let room = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(UInt64(buffer.count), range.upperBound - position))])
            let count = try file.read(into: room, at: position)
            guard count == room.count else { return nil }
            hasher.update(UnsafeRawBufferPointer(room))
            position += UInt64(count)
        }
        return hasher.finalize()
    }
}
