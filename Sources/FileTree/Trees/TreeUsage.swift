internal import StorageModel

/// What a tree takes, counted as `du` counts.
package struct TreeUsage: Hashable, Sendable {
    /// 512-byte blocks of every inode once, directories and the root included.
    package var allocatedBytes: UInt64 = 0
    /// Sizes of everything but directories, every inode once.
    package var apparentBytes: UInt64 = 0
    /// Inodes that are not directories, once.
    package var files: UInt64 = 0
    /// The root included.
    package var directories: UInt64 = 0
    /// Directories that could not be listed and entries that could not be examined.
    package var errors: UInt64 = 0

    mutating func add(_ status: FileStatus) {
        allocatedBytes += status.allocatedBytes
        if status.kind == .directory {
            directories += 1
        } else {
            files += 1
            apparentBytes += status.sizeBytes
        }
    }

    static func + (left: TreeUsage, right: TreeUsage) -> TreeUsage {
        var sum = left
        sum.allocatedBytes += right.allocatedBytes
        sum.apparentBytes += right.apparentBytes
        sum.files += right.files
        sum.directories += right.directories
        sum.errors += right.errors
        return sum
    }
}

/// Counts what a tree takes, in any order, on several threads.
///
/// A directory is a unit of work: listed and examined by one thread, its subdirectories queued as descriptors, at most
/// ``descriptorLimit`` of them; beyond that a thread goes down by itself, holding its path only. No path is built.
/// Memory: the queue, one listing a thread, and 16 bytes for each inode with several names.
package enum ParallelWalk {
    /// - Parameter staysOnFileSystem: whether mounts below the root are left out.
    package static func usage(
        of root: borrowing Descriptor, threads: Int, staysOnFileSystem: Bool = true
    ) throws(FileError) -> TreeUsage {
        let status = try root.status()
        var total = TreeUsage()
        total.add(status)
        let scan = TreeScan(rootDevice: status.device, staysOnFileSystem: staysOnFileSystem)
        scan.push(OpenedDirectory(try root.openDirectory(".".utf8)))
        let pool = WorkerPool(threads: threads)
        for _ in 0..<threads { pool.submit { scan.work() } }
        pool.finish()
        return total + scan.total
    }
}

/// An open directory that waits to be scanned.
private final class OpenedDirectory: Sendable {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// The state that the threads of one count share.
private final class TreeScan: Sendable {
    private struct State: Sendable {
        var waiting: [OpenedDirectory] = []
        var busy = 0
        var total = TreeUsage()
        var seen = Set<FileIdentity>()
    }

    private static let descriptorLimit = 256

    private let monitor = Monitor(State())
    private let rootDevice: UInt64
    private let staysOnFileSystem: Bool

    init(rootDevice: UInt64, staysOnFileSystem: Bool) {
        self.rootDevice = rootDevice
        self.staysOnFileSystem = staysOnFileSystem
    }

    var total: TreeUsage { monitor.update { $0.total } }

    func push(_ directory: OpenedDirectory) { monitor.update { $0.waiting.append(directory) } }

    /// Scans directories until none is left and no other thread can find more.
    func work() {
        var usage = TreeUsage()
        while let directory = take() {
            scan(directory, &usage)
            monitor.update { $0.busy -= 1 }
        }
        monitor.update { $0.total = $0.total + usage }
    }

    private func take() -> OpenedDirectory? {
        monitor.wait { state in
            if let directory = state.waiting.popLast() {
                state.busy += 1
                return .some(directory)
            }
            return state.busy == 0 ? .some(nil) : nil
        }
    }

    /// Scans one directory and, where the queue is full, what is below it: iteratively, by names from here.
    private func scan(_ directory: OpenedDirectory, _ usage: inout TreeUsage) {
        var inside: [EntryPath] = [.root]
        while let path = inside.popLast() {
            do throws(FileError) {
                if path.isRoot {
                    try list(directory.descriptor, path, &inside, &usage)
                } else {
                    try list(try directory.descriptor.openDirectory(beneath: path), path, &inside, &usage)
                }
            } catch {
                if error.errno != .noEntry { usage.errors += 1 }
            }
        }
    }

    private func list(
        _ descriptor: borrowing Descriptor, _ path: EntryPath, _ inside: inout [EntryPath], _ usage: inout TreeUsage
    ) throws(FileError) {
        for entry in try descriptor.entries() {
            do throws(FileError) {
                let status = try descriptor.status(of: entry.name)
                guard status.kind == .directory else {
                    if status.linkCount < 2 || isFirst(status.identity) { usage.add(status) }
                    continue
                }
                if staysOnFileSystem && (status.device != rootDevice || status.isMountRoot) { continue }
                usage.add(status)
                if monitor.update({ $0.waiting.count < Self.descriptorLimit }) {
                    push(OpenedDirectory(try descriptor.openDirectory(entry.name)))
                } else {
                    inside.append(path.appending(entry.name))
                }
            } catch {
                if error.errno != .noEntry { usage.errors += 1 }
            }
        }
    }

    private func isFirst(_ identity: FileIdentity) -> Bool { monitor.update { $0.seen.insert(identity).inserted } }
}
