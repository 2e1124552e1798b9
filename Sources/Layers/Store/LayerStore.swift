package import Archive
package import Catalog
package import FileTree
package import StorageModel

/// The committed layers of a store.
///
/// A layer is a row of the catalog and a directory `layers/<chain id>` with `diff`, a tree that overlayfs stacks as it is,
/// `skeleton.zst`, with which the layer's tar is given back bit for bit, and, rarely, `shadowed`, the data of entries that
/// the tree has no place for. A layer never changes; layers with the same content on the same layers are one. How many
/// images and layers need a layer is asked of the catalog, never stored; a directory without a row is garbage.
///
/// ```swift
/// let assembly = try LayerAssembly(sources, in: layers, staging: staging, threads: 2, checkpoint: checkpoint)
/// try assembly.unpack()
/// try catalog.transaction { transaction throws(StorageError) in _ = try assembly.publish(in: transaction) }
/// let stack = try layers.stack(to: assembly.top)      // uppermost first, ready for overlayfs
/// ```
package final class LayerStore: Sendable {
    package let catalog: Catalog
    /// `layers/`
    package let records: RecordedDirectory
    package let form: OverlayForm

    package init(
        catalog: Catalog, directory: consuming Descriptor, trash: consuming Descriptor,
        form: OverlayForm = .current
    ) {
        self.catalog = catalog
        self.form = form
        records = RecordedDirectory(directory, "layer", catalog: catalog, trash: trash) {
            (transaction) throws(StorageError) in try transaction.layerNames()
        }
    }

    /// The trees of a layer and everything below it, the uppermost first; none for `nil`.
    ///
    /// - Throws: ``StorageError/Code/damaged`` if a directory is missing.
    package func stack(to top: Digest?) throws(StorageError) -> LayerStack {
        guard let top else { return LayerStack([], form: form) }
        let chain = try catalog.read { transaction throws(StorageError) in try transaction.chain(to: top) }
        var trees: [SharedDescriptor] = []
        for layer in chain.reversed() { trees.append(try tree(of: layer.chainID)) }
        return LayerStack(trees, form: form)
    }

    /// The path of a layer's tree below the directory of all layers.
    package static func treePath(of chainID: Digest) -> EntryPath {
        EntryPath(trusted: Array(chainID.hex.utf8)).appending(StagedLayer.treeName)
    }

    /// The root of a layer's tree.
    package func tree(of chainID: Digest) throws(StorageError) -> SharedDescriptor {
        try attempt(chainID) { () throws(FileError) in
            SharedDescriptor(try records.directory.openDirectory(beneath: Self.treePath(of: chainID)))
        }
    }

    /// The directory of a layer, with all that is kept of it.
    package func home(of chainID: Digest) throws(StorageError) -> SharedDescriptor {
        try attempt(chainID) { () throws(FileError) in
            SharedDescriptor(try records.directory.openDirectory(Array(chainID.hex.utf8)))
        }
    }

    /// The directory of all layers.
    package func all() throws(StorageError) -> SharedDescriptor {
        do throws(FileError) { return SharedDescriptor(try records.directory.duplicate()) } catch {
            throw StorageError(error, doing: "open the layers", object: "")
        }
    }

    /// The layer's tar, as it came. Call ``Archive/RebuiltTarFeed/finish()`` at the end.
    package func tar(of chainID: Digest, checkpoint: Checkpoint) throws(StorageError) -> RebuiltTarFeed {
        let (skeleton, shadowed) = try attempt(chainID) { () throws(FileError) in
            let directory = try records.directory.openDirectory(Array(chainID.hex.utf8))
            let file = SharedDescriptor(try directory.openFile(StagedLayer.skeletonName, for: .reading))
            let size = try file.descriptor.status().sizeBytes
            let name = "the skeleton of layer \(chainID.short)"
            return (StoredBlob(file: file, range: 0..<size, name: name), try Self.shadowed(in: directory))
        }
        return try RebuiltTarFeed(
            skeleton: skeleton, tree: try tree(of: chainID), shadowed: shadowed, name: chainID.short,
            checkpoint: checkpoint)
    }

    private static func shadowed(in directory: borrowing Descriptor) throws(FileError) -> SharedDescriptor? {
        do throws(FileError) {
            return SharedDescriptor(try directory.openDirectory(StagedLayer.shadowedName))
        } catch  where error.errno == .noEntry {
            return nil
        }
    }

    /// Removes the rows of a layer and of those below it that nothing needs any more. Call
    /// ``Catalog/RecordedDirectory/discard(_:)`` for each result after the transaction.
    package static func removeUnused(
        from top: Digest?, in transaction: Transaction
    ) throws(StorageError) -> [Digest] {
        var removed: [Digest] = []
        var next = top
        while let id = next {
            guard let layer = try transaction.removeIfUnused(layer: id) else { break }
            removed.append(id)
            next = layer.parent
        }
        return removed
    }

    /// Deletes the directories of layers whose rows are gone.
    package func discard(_ layers: [Digest]) throws(StorageError) {
        for layer in layers { try records.discard(Array(layer.hex.utf8)) }
    }

    /// Takes the files of a damaged layer away that must keep its row, because containers stand on it. The next image that
    /// has the layer puts it back.
    package func takeAway(_ chainID: Digest) throws(StorageError) {
        try attempt(chainID) { () throws(FileError) in
            let name = Array(chainID.hex.utf8)
            try TreeRemoval.remove(name, in: records.directory)
        }
    }

    /// Whether the layer's files are there.
    package func isWhole(_ chainID: Digest) throws(StorageError) -> Bool {
        do throws(FileError) {
            let directory = try records.directory.openDirectory(Array(chainID.hex.utf8))
            return try directory.status(of: StagedLayer.skeletonName).kind == .file
        } catch  where error.errno == .noEntry {
            return false
        } catch {
            throw StorageError(error, doing: "look at layer \(chainID.short)", object: chainID.description)
        }
    }

    private func attempt<Result>(
        _ chainID: Digest, _ body: () throws(FileError) -> Result
    ) throws(StorageError) -> Result {
        do throws(FileError) {
            return try body()
        } catch  where error.errno == .noEntry {
            throw StorageError(
                .damaged, object: chainID.description, "layer \(chainID.short) has lost its files",
                errno: error.errno, hint: "run holdfast check --repair, then load or pull the images that it names",
                causes: [error.call])
        } catch {
            throw StorageError(error, doing: "open layer \(chainID.short)", object: chainID.description)
        }
    }
}
