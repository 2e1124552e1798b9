internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
internal import StorageModel
internal import Volumes

/// What lies in the store and is not true yet, or no more: `staging/`, `trash/`, and entries that have no row.
///
/// Nothing is swept here: the next command that changes the store does that.
struct DiskFreeCache {
    private let store: Store
    private let records: DiskFreeSurvey.Records
    private let checkpoint: Checkpoint

    init(_ store: Store, _ records: DiskFreeSurvey.Records, _ checkpoint: Checkpoint) {
        self.store = store
        self.records = records
        self.checkpoint = checkpoint
    }

    /// - Parameter failures: takes what could not be looked at.
    func run(_ failures: inout [StorageError]) throws(StorageError) -> [CacheSpace] {
        var found: [CacheSpace] = []
        do throws(FileError) {
            found += try staging()
            found += try trash()
            found += try orphans()
        } catch {
            failures.append(
                StorageError(
                    error, doing: "look at what crashes left in the store at '\(store.rootPath.printable())'",
                    object: store.rootPath))
        }
        try checkpoint.interruption.check()
        return found
    }

    /// The areas of work in progress. Whoever holds an area's lease works in it.
    private func staging() throws(FileError) -> [CacheSpace] {
        let entries = try store.staging.entries()
        if entries.isEmpty { return [] }
        // The gate keeps areas from being made while their leases are tried. Where makers hold it, all counts as in use.
        let gate = try Lease.take(try store.staging.reopenDirectory(), .exclusive)
        let isOpen = gate != nil
        var busy: Set<[UInt8]> = []
        for entry in entries where !isOpen || isLeased(entry.name) { busy.insert(entry.name) }
        gate?.release()
        return try spaces(.staging, "staging", entries.map(\.name), in: store.staging) { busy.contains($0) }
    }

    private func isLeased(_ name: [UInt8]) -> Bool {
        guard let area = try? store.staging.openDirectory(name),
            let file = try? area.openFile(Array(".lease".utf8), for: .reading)
        else { return false }
        do throws(FileError) {
            return try Lease.take(file, .exclusive) == nil
        } catch {
            return true
        }
    }

    /// Removed trees. Whoever deletes them holds the directory.
    private func trash() throws(FileError) -> [CacheSpace] {
        let trash = try store.root.openDirectory("trash".utf8)
        let entries = try trash.entries()
        if entries.isEmpty { return [] }
        let isActive = try Lease.take(try trash.reopenDirectory(), .exclusive) == nil
        return try spaces(.trash, "trash", entries.map(\.name), in: trash) { _ in isActive }
    }

    /// Entries without a row: what a crash left between the two steps of publishing or of removing.
    private func orphans() throws(FileError) -> [CacheSpace] {
        var found: [CacheSpace] = []
        found += try orphans("volumes", store.volumes.records, Set(records.volumes.map(\.name.rawValue)))
        found += try orphans("layers", store.layers.records, Set(records.layers.map(\.chainID.hex)))
        found += try orphans("containers", store.containers.records, Set(records.containers.map(\.id.rawValue)))
        found += try orphans("blobs/sha256", store.images.blobs, Set(records.images.map(\.id.hex)))
        return found
    }

    private func orphans(
        _ place: String, _ directory: RecordedDirectory, _ known: Set<String>
    ) throws(FileError) -> [CacheSpace] {
        let suspects = try directory.directory.entries().map(\.name).filter {
            !known.contains(String(decoding: $0, as: UTF8.self))
        }
        if suspects.isEmpty { return [] }
        // Publishing is a rename and a row in one transaction: inside another one nobody is half-way. A store that cannot be
        // written to has no publishers.
        let confirmed = try? store.catalog.rehearse { transaction throws(StorageError) in
            try directory.orphans(transaction)
        }
        let orphans = confirmed.map { Set($0).intersection(suspects) } ?? Set(suspects)
        let names = orphans.sorted { $0.lexicographicallyPrecedes($1) }
        return try spaces(.orphan, place, names, in: directory.directory) { _ in false }
    }

    private func spaces(
        _ kind: CacheSpace.Kind, _ place: String, _ names: [[UInt8]], in directory: borrowing Descriptor,
        isActive: ([UInt8]) -> Bool
    ) throws(FileError) -> [CacheSpace] {
        var found: [CacheSpace] = []
        for name in names {
            if let space = try space(kind, place, name, in: directory, isActive: isActive(name)) { found.append(space) }
        }
        return found
    }

    /// - Returns: `nil` if it is gone meanwhile.
    private func space(
        _ kind: CacheSpace.Kind, _ place: String, _ name: [UInt8], in directory: borrowing Descriptor, isActive: Bool
    ) throws(FileError) -> CacheSpace? {
        do throws(FileError) {
            let status = try directory.status(of: name)
            var totals = UsageTotals()
            totals.allocatedBytes = status.allocatedBytes
            if status.kind == .directory {
                totals = try DiskFreeWalk.totals(
                    of: try directory.openDirectory(name), threads: WorkerPool.defaultThreads, checkpoint.interruption)
            }
            return CacheSpace(
                kind: kind, path: "\(place)/\(String(decoding: name, as: UTF8.self))",
                allocatedBytes: totals.allocatedBytes, isActive: isActive, errors: totals.errors)
        } catch  where error.errno == .noEntry {
            return nil
        }
    }
}
