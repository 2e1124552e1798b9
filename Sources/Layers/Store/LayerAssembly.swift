package import Archive
package import Catalog
package import FileTree
package import StorageModel

/// A layer's tar, somewhere in a file, in whatever form it travelled.
package struct LayerSource: Sendable {
    package let blob: StoredBlob
    /// Of the bytes as they are stored; `nil` where nobody says.
    package let digest: Digest?
    /// Of the tar; `nil` where nobody says yet.
    package let diffID: Digest?

    package init(blob: StoredBlob, digest: Digest?, diffID: Digest?) {
        self.blob = blob
        self.digest = digest
        self.diffID = diffID
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
        let source: LayerSource?
        let chainID: Digest
        let diffID: Digest
        let parent: Digest?
        /// `nil` if the store has the layer.
        var staged: StagedLayer?
        var outcome: LayerUnpacker.Outcome?
        var allocatedBytes: UInt64 = 0
    }

    private let store: LayerStore
    private let area: StagingArea
    private let threads: Int
    private let checkpoint: Checkpoint
    private let isDurable: Bool
    private var members: [Member] = []
    /// Entries that could not be made as the layers say.
    package private(set) var notices: [EntryNotice] = []

    /// - Parameters:
    ///   - sources: with their diff ids, the lowest first.
    ///   - area: where the work lies; its owner discards it in every case.
    package init(
        _ sources: [LayerSource], in store: LayerStore, area: StagingArea, threads: Int, isDurable: Bool,
        checkpoint: Checkpoint
    ) throws(StorageError) {
        self.store = store
        self.area = area
        self.threads = threads
        self.isDurable = isDurable
        self.checkpoint = checkpoint
        let known = try store.catalog.read { transaction throws(StorageError) in try transaction.layerNames() }
        var parent: Digest?
        for (number, source) in sources.enumerated() {
            guard let diffID = source.diffID else { preconditionFailure("a layer of an image has a diff id") }
            let chainID = ChainID.of(diffID, on: parent)
            var member = Member(source: source, chainID: chainID, diffID: diffID, parent: parent)
            if !known.contains(chainID.hex) { member.staged = try stage(number) }
            members.append(member)
            parent = chainID
        }
    }

    /// The uppermost layer; `nil` for an image without layers.
    package var top: Digest? { members.last?.chainID }

    /// How many layers are new to the store.
    package var newLayers: Int { members.count { $0.staged != nil } }

    package var chain: [Digest] { members.map(\.chainID) }

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
        let progress = AssemblyProgress(trees: trees, form: store.form)
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
        return try store.tree(of: member.chainID)
    }

    private static func unpack(
        _ member: Member, number: Int, _ progress: AssemblyProgress, _ form: OverlayForm, _ threads: Int,
        _ limits: ArchiveLimits, _ checkpoint: Checkpoint, _ writeback: EarlyWriteback?
    ) throws(StorageError) -> LayerUnpacker.Outcome {
        guard let staged = member.staged, let source = member.source else {
            preconditionFailure("only missing layers are unpacked")
        }
        let feed = try TarFeed(source.blob, threads: 1, limits: limits, interruption: checkpoint.interruption)
        defer { feed.finish() }
        let unpacker = try LayerUnpacker(
            staged, lowers: progress.lowers(of: number), isLowest: member.parent == nil, form: form, threads: threads,
            checkpoint: checkpoint, writeback: writeback)
        let outcome = try unpacker.unpack(StoppableFeed(feed, progress))
        guard outcome.diffID == member.diffID else {
            throw StorageError(
                .damaged, object: source.blob.name,
                "layer \(number + 1) is not what the image says: its tar has the digest \(outcome.diffID), "
                    + "the image wants \(member.diffID)",
                hint: "take another copy of the image; nothing was kept")
        }
        try verify(source, isPlain: feed.form == .plainTar, checkpoint)
        return outcome
    }

    /// Compares the blob's own digest. That of a plain tar was computed already: it is the diff id.
    private static func verify(
        _ source: LayerSource, isPlain: Bool, _ checkpoint: Checkpoint
    ) throws(StorageError) {
        guard let wanted = source.digest, !(isPlain && wanted == source.diffID) else { return }
        let found = try source.blob.digest(checkpoint)
        guard found == wanted else {
            throw StorageError(
                .damaged, object: source.blob.name,
                "\(source.blob.name.printable()) has the digest \(found), the image wants \(wanted)",
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
                notices += outcomes[index]?.notices ?? []
                if let tree = members[index].staged?.tree {
                    members[index].allocatedBytes =
                        try ParallelWalk.usage(of: tree.descriptor, threads: threads).allocatedBytes
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
        for member in members where try transaction.layer(member.chainID) == nil {
            guard let staged = member.staged, let outcome = member.outcome else { return false }
            try transaction.insert(
                Layer(
                    chainID: member.chainID, diffID: member.diffID, parent: member.parent,
                    apparentBytes: outcome.apparentBytes, allocatedBytes: member.allocatedBytes,
                    entries: outcome.entries, tarBytes: outcome.tarBytes, createdAt: .now))
            do throws(FileError) {
                let name = Array(member.chainID.hex.utf8)
                try store.records.moveAside(name)
                try area.directory.rename(staged.name, to: store.records.directory, name, mode: .noReplace)
            } catch {
                throw StorageError(
                    error, doing: "publish layer \(member.chainID.short)", object: member.chainID.description)
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
        try store.discard(members.filter { $0.staged != nil }.map(\.chainID))
    }
}
