internal import CLinux
package import StorageModel

/// Counts what a tree takes, in any order, on several threads.
///
/// A directory is a unit of work: opened beneath the root by its path, listed and examined in place by one thread, its
/// subdirectories queued as paths. Each thread holds one descriptor; nothing is allocated per file. Memory: the queue,
/// last in first out, so that it holds the subdirectories along a few paths; and 16 bytes for each inode with several names.
package enum ParallelWalk {
    package struct Options: Sendable {
        package var threads = WorkerPool.defaultThreads
        /// Whether mounts below the root are left out, as `du --one-file-system` does.
        package var staysOnFileSystem = true
        package var interruption = Interruption()

        package init() {}
    }

    /// Counts what lies at and below `root`. Whatever cannot be read is counted in ``TreeUsage/errors``.
    ///
    /// - Throws: if the root itself cannot be examined. Once interrupted it returns early with what it has.
    package static func usage(of root: borrowing Descriptor, options: Options = Options()) throws(FileError)
        -> TreeUsage
    {
        var raw = holdfast_status()
        let number = root.rawValue
        try check(attempt { Int(holdfast_statx(number, "", &raw)) }, "statx")
        var total = TreeUsage()
        total.addDirectory(raw)
        let scan = TreeScan(SharedDescriptor(try root.duplicate()), device: raw.device, options)
        let pool = WorkerPool(threads: options.threads)
        for _ in 0..<options.threads { pool.submit { scan.work() } }
        pool.finish()
        return total + scan.total
    }

    /// As ``usage(of:options:)`` on so many threads.
    package static func usage(
        of root: borrowing Descriptor, threads: Int, staysOnFileSystem: Bool = true
    ) throws(FileError) -> TreeUsage {
        var options = Options()
        options.threads = threads
        options.staysOnFileSystem = staysOnFileSystem
        return try usage(of: root, options: options)
    }
}

/// The state that the threads of one count share.
private final class TreeScan: Sendable {
    private struct State: Sendable {
        var waiting: [EntryPath] = [.root]
        var busy = 0
        var total = TreeUsage()
    }

    private let monitor = Monitor(State())
    /// Inodes with several names that were counted.
    private let counted = Monitor(Set<FileIdentity>())
    private let root: SharedDescriptor
    private let device: UInt64
    private let options: ParallelWalk.Options

    init(_ root: SharedDescriptor, device: UInt64, _ options: ParallelWalk.Options) {
        self.root = root
        self.device = device
        self.options = options
    }

    var total: TreeUsage { monitor.update { $0.total } }

    /// Scans directories until none is left and no other thread can find more.
    func work() {
        var usage = TreeUsage()
        var found: [EntryPath] = []
        while let path = take() {
            do throws(FileError) {
                if !options.interruption.isRequested { try scan(path, &usage, &found) }
            } catch {
                // Gone since its parent was listed; or not to be opened, which its size does not depend on.
                if error.errno != .noEntry { usage.errors += 1 }
            }
            monitor.update { state in
                state.waiting.append(contentsOf: found)
                state.busy -= 1
            }
            found.removeAll(keepingCapacity: true)
        }
        monitor.update { $0.total = $0.total + usage }
    }

    private func take() -> EntryPath? {
        monitor.wait { state in
            if let path = state.waiting.popLast() {
                state.busy += 1
                return .some(path)
            }
            return state.busy == 0 ? .some(nil) : nil
        }
    }

    private func scan(_ path: EntryPath, _ usage: inout TreeUsage, _ found: inout [EntryPath]) throws(FileError) {
        let directory = try root.descriptor.openDirectory(beneath: path)
        let number = directory.rawValue
        try directory.forEachRawEntry { entry in
            guard let name = entry.name else { return }
            var raw = holdfast_status()
            let result = attempt { Int(holdfast_statx(number, name, &raw)) }
            guard result >= 0 else {
                if Errno(rawValue: CInt(-result)) != .noEntry { usage.errors += 1 }
                return
            }
            guard EntryKind(typeBits: raw.mode) == .directory else {
                if raw.links < 2 || isFirst(raw) { usage.addFile(raw) }
                return
            }
            if options.staysOnFileSystem && (raw.device != device || raw.isMountRoot) { return }
            usage.addDirectory(raw)
            found.append(path.appending(entry.nameBytes))
        }
    }

    private func isFirst(_ raw: holdfast_status) -> Bool {
        let identity = FileIdentity(device: raw.device, inode: raw.inode)
        return counted.update { $0.insert(identity).inserted }
    }
}
