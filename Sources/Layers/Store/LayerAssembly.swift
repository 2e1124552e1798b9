package import Archive
package import Catalog
package import FileTree
package import StorageModel

/// A layer's tar, in whatever form it travelled.
package struct LayerSource: Sendable {
    package enum Content: Sendable {
        /// In a file.
        case blob(StoredBlob)
        /// A stream that is read once; opened when it is needed.
        case stream(name: String, open: @Sendable () throws(StorageError) -> any FinishableFeed)
    }

    package let content: Content
    /// Of the bytes as they are stored; `nil` where nobody says.
    package let digest: Digest?
    /// Of the tar; `nil` where nobody says yet, which only the uppermost layer may leave open.
    package let diffID: Digest?

    package init(_ content: Content, digest: Digest? = nil, diffID: Digest? = nil) {
        self.content = content
        self.digest = digest
        self.diffID = diffID
    }

    var name: String {
        switch content {
        case .blob(let blob): blob.name
        case .stream(let name, _): name
        }
    }
}

/// Brings the layers of one image into the store: unpacks those that are missing, several at a time, verifies them, and
/// publishes them together with whatever else the caller records.
///
/// Everything lies in a staging area of its own until ``publish(in:isDurable:)``; a failure or a crash before leaves the
/// store as it was.
package final class LayerAssembly {
    /// A layer of the image.
    private struct Member: Sendable {
        let source: LayerSource
        let parent: Digest?
        /// `nil` until the layer is unpacked, if nobody said.
        var diffID: Digest?
        /// `nil` if the store has the layer.
        var staged: StagedLayer?
        var outcome: LayerUnpacker.Outcome?
        var allocatedBytes: UInt64 = 0

        var chainID: Digest? { diffID.map { ChainID.of($0, on: parent) } }
    }

    private let store: LayerStore
    private let base: Digest?
    private let area: StagingArea
    private let threads: Int
    private let checkpoint: Checkpoint
    private let isDurable: Bool
    private var members: [Member] = []
    /// Entries that could not be made as the layers say.
    package private(set) var notices: [EntryNotice] = []

    /// - Parameters:
    ///   - sources: the lowest first.
    ///   - base: the layer of the store that they lie on; `nil` for none.
    ///   - area: where the work lies; its owner discards it in every case.
    package init(
        _ sources: [LayerSource], on base: Digest? = nil, in store: LayerStore, area: StagingArea, threads: Int,
        isDurable: Bool, checkpoint: Checkpoint
    ) throws(StorageError) {
        self.base = base
        self.store = store
        self.area = area
        self.threads = threads
        self.isDurable = isDurable
        self.checkpoint = checkpoint
        let known = try store.catalog.read { transaction throws(StorageError) in try transaction.layerNames() }
        var parent = base
        for (number, source) in sources.enumerated() {
            precondition(
                source.diffID != nil || number == sources.count - 1, "only the uppermost layer may have no digest yet")
            var member = Member(source: source, parent: parent, diffID: source.diffID)
            if try !isThere(member.chainID, known) { member.staged = try stage(number) }
            members.append(member)
            parent = member.chainID
        }
    }

    /// A layer whose files a repair took away is not there: it is unpacked again and keeps its row.
    private func isThere(_ chainID: Digest?, _ known: Set<String>) throws(StorageError) -> Bool {
        guard let chainID, known.contains(chainID.hex) else { return false }
        return try store.isWhole(chainID)
    }

    /// The uppermost layer; `nil` for an image without layers. Call after ``unpack()``.
    package var top: Digest? { members.last.map(\.chainID) ?? base }

    /// The digests of the layers' tars, lowest first. Call after ``unpack()``.
    package var diffIDs: [Digest] { members.compactMap(\.diffID) }

    /// How many layers are new to the store.
    package var newLayers: Int { members.count { $0.staged != nil } }

    private func stage(_ number: Int) throws(StorageError) -> StagedLayer {
        do throws(FileError) {
            return try StagedLayer(in: area, number: number)
        } catch {
            throw StorageError(error, doing: "prepare a layer", object: "")
        }
    }

    // MARK: Unpacking

    /// Unpacks the missing layers and brings them to disk.
    ///
    /// - Throws: ``StorageError/Code/damaged`` if a layer is not what its digests say; the first failure otherwise.
    package func unpack() throws(StorageError) {
        let missing = members.indices.filter { members[$0].staged != nil }
        guard !missing.isEmpty else { return }
        var trees: [SharedDescriptor] = []
        for member in members { trees.append(try tree(member)) }
        let below = try store.stack(to: base).layers
        let progress = AssemblyProgress(trees: trees, below: below, form: store.form)
        progress.noteWhole(members.indices.filter { members[$0].staged == nil })
        let writeback = try isDurable ? makeWriteback() : nil
        defer { writeback?.finish() }
        let limits = try limits()
        let pool = WorkerPool(threads: min(threads, missing.count))
        for index in missing {
            let (member, threads, checkpoint, form) = (members[index], threads, checkpoint, store.form)
            pool.submit {
                do throws(StorageError) {
                    let outcome = try Self.unpack(
                        member, number: index, progress, form, threads, limits, checkpoint, writeback)
                    progress.finish(index, outcome)
                } catch {
                    progress.fail(error)
                }
            }
        }
        pool.finish()
        try take(try progress.outcomes(), missing)
    }

    private func tree(_ member: Member) throws(StorageError) -> SharedDescriptor {
        if let staged = member.staged { return staged.tree }
        guard let chainID = member.chainID else { preconditionFailure("a layer without a digest is staged") }
        return try store.tree(of: chainID)
    }

    private static func unpack(
        _ member: Member, number: Int, _ progress: AssemblyProgress, _ form: OverlayForm, _ threads: Int,
        _ limits: ArchiveLimits, _ checkpoint: Checkpoint, _ writeback: EarlyWriteback?
    ) throws(StorageError) -> LayerUnpacker.Outcome {
        guard let staged = member.staged else { preconditionFailure("only missing layers are unpacked") }
        let source = member.source
        let feed: any FinishableFeed
        var isPlain = false
        switch source.content {
        case .stream(_, let open): feed = try open()
        case .blob(let blob):
            let tar = try TarFeed(blob, threads: 1, limits: limits, interruption: checkpoint.interruption)
            isPlain = tar.form == .plainTar
            feed = tar
        }
        defer { feed.finish() }
        let unpacker = try LayerUnpacker(
            staged, lowers: progress.lowers(of: number), isLowest: member.parent == nil, form: form, threads: threads,
            checkpoint: checkpoint, writeback: writeback)
        let outcome: LayerUnpacker.Outcome
        do throws(StorageError) {
            outcome = try unpacker.unpack(StoppableFeed(feed, progress))
        } catch  where [.damaged, .truncated, .limitExceeded].contains(error.code) {
            throw StorageError(
                error.code, object: source.name,
                "layer \(number + 1) (\(source.name.printable(limit: 200))) cannot be unpacked: \(error.message)",
                errno: error.errno, hint: error.hint, causes: error.causes)
        }
        if let wanted = member.diffID, wanted != outcome.diffID {
            throw StorageError(
                .damaged, object: source.name,
                "layer \(number + 1) is not what the image says: its tar has the digest \(outcome.diffID), "
                    + "the image wants \(wanted)",
                hint: "take another copy of the image; nothing was kept")
        }
        if case .blob(let blob) = source.content, let wanted = source.digest, !(isPlain && wanted == outcome.diffID) {
            try verify(blob, wanted, checkpoint)
        }
        return outcome
    }

    /// Compares the blob's own digest. That of a plain tar was computed already: it is the diff id.
    private static func verify(
        _ blob: StoredBlob, _ wanted: Digest, _ checkpoint: Checkpoint
    ) throws(StorageError) {
        let found = try blob.digest(checkpoint)
        guard found == wanted else {
            throw StorageError(
                .damaged, object: blob.name,
                "\(blob.name.printable()) has the digest \(found), the image wants \(wanted)",
                hint: "take another copy of the image; nothing was kept")
        }
    }

    private func take(
        _ outcomes: [Int: LayerUnpacker.Outcome], _ missing: [Int]
    ) throws(StorageError) {
        do throws(FileError) {
            if isDurable { try area.directory.syncFileSystem() }
            for index in missing {
                members[index].outcome = outcomes[index]
                members[index].diffID = outcomes[index]?.diffID ?? members[index].diffID
                notices += outcomes[index]?.notices ?? []
                if let tree = members[index].staged?.tree {
                    members[index].allocatedBytes =
                        try UsageScan.totals(of: tree.descriptor, threads: threads).allocatedBytes
                }
            }
        } catch {
            throw StorageError(error, doing: "bring the layers to disk", object: "")
        }
    }

    private func makeWriteback() throws(StorageError) -> EarlyWriteback {
        do throws(FileError) {
            return try EarlyWriteback(area.directory)
        } catch {
            throw StorageError(error, doing: "prepare a layer", object: "")
        }
    }

    /// A layer may not be larger than what the disk has room for.
    private func limits() throws(StorageError) -> ArchiveLimits {
        var limits = ArchiveLimits()
        do throws(FileError) {
            limits.totalBytes = try area.directory.availableBytes()
        } catch {
            throw StorageError(error, doing: "prepare a layer", object: "")
        }
        return limits
    }

    // MARK: Publishing

    /// Makes the layers the store's, inside the transaction in which the caller records what needs them.
    ///
    /// - Returns: `false` if a layer that was there at the beginning is gone meanwhile; then the transaction must be given
    ///   up and the work begun again.
    package func publish(in transaction: Transaction) throws(StorageError) -> Bool {
        if let base, try transaction.layer(base) == nil { return false }
        for member in members {
            guard let chainID = member.chainID, let diffID = member.diffID else { return false }
            let isRecorded = try transaction.layer(chainID) != nil
            if isRecorded, try store.isWhole(chainID) { continue }
            guard let staged = member.staged, let outcome = member.outcome else { return false }
            if !isRecorded {
                try transaction.insert(
                    Layer(
                        chainID: chainID, diffID: diffID, parent: member.parent, apparentBytes: outcome.apparentBytes,
                        allocatedBytes: member.allocatedBytes, entries: outcome.entries, tarBytes: outcome.tarBytes,
                        createdAt: .now))
            }
            do throws(FileError) {
                let name = Array(chainID.hex.utf8)
                try store.records.moveAside(name)
                try area.directory.rename(staged.name, to: store.records.directory, name, mode: .noReplace)
            } catch {
                throw StorageError(error, doing: "publish layer \(chainID.short)", object: chainID.description)
            }
        }
        do throws(FileError) {
            if isDurable && newLayers > 0 { try store.records.directory.sync() }
        } catch {
            throw StorageError(error, doing: "publish layers", object: "")
        }
        return true
    }

    /// Deletes what a transaction that did not come through has left in the place of layers.
    package func discardUnpublished() throws(StorageError) {
        try store.discard(members.filter { $0.staged != nil }.compactMap(\.chainID))
    }
}
