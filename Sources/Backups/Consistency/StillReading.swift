internal import Archive
internal import FileTree
internal import Freezing
internal import StorageModel

/// One reading of a source that others may use: keeps them still, as far as it is asked for and possible, and knows afterwards
/// what can be said of the result.
///
/// The source is synced, everybody who uses it frozen, synced again, cloned, and thawed; then the clone is read. Where no clone
/// can be made and freezing is a must, everything stays frozen until the last file was read. The clone goes with this value.
final class StillReading {
    /// What is to be read.
    private(set) var data: SharedDescriptor
    private(set) var report = ConsistencyReport()

    private let root: SharedDescriptor
    private let request: ConsistencyRequest
    private let source: LiveSource
    private let checkpoint: Checkpoint
    private let name: String
    private let journals = JournalWatch()
    private var area: CloneArea?
    private var clone: TreeClone?
    private var freeze: Freeze?

    /// - Parameter name: the source, as it is written in messages.
    init(
        _ root: SharedDescriptor, _ request: ConsistencyRequest, _ source: LiveSource, name: String,
        checkpoint: Checkpoint
    ) {
        (self.root, data) = (root, root)
        (self.request, self.source, self.name, self.checkpoint) = (request, source, name, checkpoint)
    }

    deinit { discard() }

    /// Told of each entry that is read.
    var observer: @Sendable (WalkedEntry) -> Void {
        let journals = journals
        return { journals.observe($0) }
    }

    // MARK: Before

    /// Brings the data to rest, or a clone of it about. After a failure nothing is frozen.
    func begin() throws(StorageError) {
        do throws(StorageError) {
            switch request.mode {
            case .none: return
            case .snapshot: try beginSnapshot()
            case .auto, .freeze: try beginFreeze()
            }
        } catch {
            discard()
            throw error
        }
    }

    private func beginSnapshot() throws(StorageError) {
        if let obstacle = prepareArea() {
            throw StorageError(
                .system, object: name, "no clone of \(name) can be made: \(obstacle.reason)",
                hint: "use --consistency freeze, which needs none, or \(obstacle.remedy)")
        }
        sync()
        do throws(StorageError) { try makeClone() } catch {
            if error.code == .interrupted { throw error }
            throw StorageError(
                error.code, object: name, "no clone of \(name) can be made: \(error.message)", errno: error.errno,
                hint: error.hint, causes: error.causes)
        }
        report.method = .snapshot
    }

    private func beginFreeze() throws(StorageError) {
        let users = TreeUsers(of: root.descriptor)
        let known = users?.find() ?? []
        let containers = try source.containers()
        guard !containers.isEmpty || known.contains(where: { !$0.isAncestor || $0.use != .place }) else {
            if request.mode == .freeze { report.notices.append("nobody uses the data: nothing was frozen") }
            return
        }
        let obstacle = prepareArea()
        if let obstacle, request.mode == .auto {
            return give(up: "no clone can be made (\(obstacle.reason)), so it was read while it was used")
        }
        // Twice: what is written out before takes no time while everything is frozen.
        sync()
        do throws(StorageError) {
            freeze = try Freeze(
                containers, users: users, known: known, limitMilliseconds: Int64(request.maxFreezeSeconds) * 1000,
                until: checkpoint.interruption)
        } catch {
            guard request.mode == .auto, error.code != .interrupted else {
                throw StorageError(
                    error.code, object: name, "\(name) cannot be kept still: \(error.message)", errno: error.errno,
                    hint: error.hint, causes: error.causes)
            }
            return give(up: "\(error.message), so it was read while it was used")
        }
        sync()
        if let obstacle {
            report.notices.append(
                "no clone can be made (\(obstacle.reason)): everything stayed frozen while the data was read")
            return
        }
        try cloneFrozen()
    }

    private func cloneFrozen() throws(StorageError) {
        do throws(StorageError) { try makeClone() } catch {
            guard error.code != .interrupted else { throw error }
            report.notices.append("the data could not be cloned: \(error.message)")
            if request.mode == .auto {
                thaw()
                report.method = .none
            }
            area?.discard()
            area = nil
            return
        }
        thaw()
    }

    private func give(up reason: String) {
        report.notices.append(reason)
        area?.discard()
        area = nil
    }

    private func makeClone() throws(StorageError) {
        guard let area else { return }
        let made = try TreeClone.make(of: root.descriptor, in: area, checkpoint: checkpoint)
        clone = made
        data = made.root
        if let notice = made.notice { report.notices.append(notice) }
    }

    /// Why no clone can be made, for people.
    private struct Obstacle {
        let reason: String
        /// What to do about it, as the rest of "use another mode, or".
        let remedy: String
    }

    /// - Returns: `nil` if a clone can be made.
    private func prepareArea() -> Obstacle? {
        let area: CloneArea
        do throws(FileError) { area = try source.makeArea(root) } catch {
            if error.errno == .accessDenied || error.errno == .notPermitted || error.errno == .readOnlyFileSystem {
                return Obstacle(
                    reason: "it would lie beside the data, and the directory above cannot be written (\(error.errno))",
                    remedy: "run as somebody who may write there")
            }
            return Obstacle(reason: "\(error.errno)", remedy: Self.otherPlace)
        }
        self.area = area
        guard let obstacle = TreeClone.obstacle(to: root.descriptor, in: area) else { return nil }
        area.discard()
        self.area = nil
        let cannot = [Errno.notSupported, .crossDevice, .notTerminal, .invalidArgument].contains(obstacle.errno)
        return Obstacle(
            reason: cannot ? "its file system does not share blocks" : "\(obstacle.errno)", remedy: Self.otherPlace)
    }

    private static let otherPlace = "keep the data on XFS or btrfs"

    /// A hint: what is not written out yet is cloned all the same, only not as fast.
    private func sync() { try? root.descriptor.syncFileSystem() }

    // MARK: After

    /// Everything was read. Thaws, if that was not done before.
    func endOfReading() {
        if freeze != nil { thaw() }
    }

    private func thaw() {
        guard let freeze else { return }
        self.freeze = nil
        let outcome = freeze.end()
        report.frozenSeconds = outcome.seconds
        report.frozen = freeze.names
        report.notices += freeze.notices
        for failure in outcome.failures {
            report.notices.append(([failure.message] + failure.causes).joined(separator: ": "))
            report.isDegraded = true
        }
        if outcome.isWhole {
            report.method = .frozen
            return
        }
        report.isDegraded = true
        report.method = clone == nil ? .none : .snapshot
        if outcome.failures.isEmpty {
            report.notices.append(
                "the freeze was cut short after \(request.maxFreezeSeconds) seconds (--max-freeze): the files may not fit together"
            )
        }
    }

    /// Gives away what the entries of the clone are copies of, if a clone is read. Sorts them, when nobody waits for a thaw.
    func takeOriginals() -> OriginalEntries? {
        guard let originals = clone?.originals else { return nil }
        clone?.originals = nil
        return OriginalEntries(originals)
    }

    /// What is missing from the clone.
    var skipped: [EntryNotice] { clone?.skipped ?? [] }

    /// Looks for databases that may have been read in pieces, and removes the clone.
    func finish(changed: [EntryNotice]) {
        if report.method != .frozen && journals.hasCandidates {
            let isInUse = TreeUsers(of: root.descriptor)?.find().isEmpty == false
            report.likelyInconsistent = journals.findings(in: data.descriptor, changed: changed, isInUse: isInUse)
        }
        discard()
    }

    /// Lets everybody run on, and removes the clone.
    func discard() {
        if let freeze {
            self.freeze = nil
            _ = freeze.end()
        }
        area?.discard()
        area = nil
    }
}
