internal import Archive
package import Catalog
package import FileTree
package import StorageModel

/// The images of a store: rows of the catalog, and the configuration of each as the blob `blobs/sha256/<id>`.
///
/// Names are the catalog's alone. An image's layers belong to the layer store; that nothing in use goes is seen to by the
/// catalog's foreign keys, inside the same transaction.
package final class ImageStore: Sendable {
    package let catalog: Catalog
    /// `blobs/sha256/`
    package let blobs: RecordedDirectory

    static let stagedName = Array("configuration".utf8)

    package init(catalog: Catalog, blobs: consuming Descriptor, trash: consuming Descriptor) {
        self.catalog = catalog
        self.blobs = RecordedDirectory(blobs, "image", catalog: catalog, trash: trash) {
            (transaction) throws(StorageError) in try transaction.imageNames()
        }
    }

    /// The image that the user means: a full id, else a name, else the beginning of an id.
    ///
    /// - Throws: ``StorageError/Code/notFound``; ``StorageError/Code/invalidInput`` if several ids begin so.
    package func image(_ text: String) throws(StorageError) -> Image {
        let bare = text.hasPrefix("sha256:") ? String(text.dropFirst(7)) : text
        return try catalog.read { transaction throws(StorageError) in
            if let id = Digest(hex: bare), let image = try transaction.image(id) { return image }
            if !text.hasPrefix("sha256:"), let image = try Self.image(named: text, transaction) { return image }
            let candidates = bare.isEmpty ? [] : try transaction.images(withPrefix: bare)
            if candidates.count > 1 {
                throw StorageError(
                    .invalidInput, object: text, "several images have an id that begins with '\(bare.printable())'",
                    hint: "give more digits; holdfast image ls shows the ids")
            }
            if let id = candidates.first, let image = try transaction.image(id) { return image }
            throw StorageError(
                .notFound, object: text, "there is no image '\(text.printable(limit: 200))'",
                hint: "holdfast image ls shows the images; holdfast image load or image pull bring one")
        }
    }

    /// - Returns: `nil` also for a text that cannot be a name: it may be an id.
    private static func image(named text: String, _ transaction: Transaction) throws(StorageError) -> Image? {
        let reference: ImageReference
        do throws(StorageError) {
            reference = try ImageReference(text)
        } catch {
            return nil
        }
        return try transaction.image(named: reference)
    }

    /// What the image says of itself.
    ///
    /// - Throws: ``StorageError/Code/damaged`` if the blob is missing or has another digest.
    package func configuration(of id: Digest) throws(StorageError) -> ImageConfiguration {
        let name = "the configuration of image \(id.short)"
        let blob: StoredBlob
        do throws(FileError) {
            let file = SharedDescriptor(try blobs.directory.openFile(Array(id.hex.utf8), for: .reading))
            blob = StoredBlob(file: file, range: 0..<(try file.descriptor.status().sizeBytes), name: name)
        } catch  where error.errno == .noEntry {
            throw Self.damaged(id, "\(name) is missing")
        } catch {
            throw StorageError(error, doing: "read \(name)", object: id.description)
        }
        let document = try blob.bytes(limitBytes: ImageManifest.limitBytes)
        guard ContentHasher.digest(document) == id else { throw Self.damaged(id, "\(name) is damaged") }
        return try ImageConfiguration(document: document, of: name)
    }

    /// What the image's configuration takes on disk; nothing where it is missing.
    package func blobBytes(of id: Digest) throws(StorageError) -> UInt64 {
        do throws(FileError) {
            return try blobs.directory.status(of: Array(id.hex.utf8)).allocatedBytes
        } catch  where error.errno == .noEntry {
            return 0
        } catch {
            throw StorageError(
                error, doing: "measure the configuration of image \(id.short)", object: id.description)
        }
    }

    private static func damaged(_ id: Digest, _ message: String) -> StorageError {
        StorageError(
            .damaged, object: id.description, message,
            hint: "run holdfast check --repair, then load or pull the image again")
    }

    // MARK: Publishing

    /// Writes a configuration into a staging area.
    package func stage(_ document: [UInt8], in area: StagingArea, isDurable: Bool) throws(StorageError) {
        do throws(FileError) {
            let file = try area.directory.createFile(Self.stagedName)
            try file.writeAll(document, at: 0)
            if isDurable { try file.sync() }
        } catch {
            throw StorageError(error, doing: "write the configuration of an image", object: "")
        }
    }

    /// Makes the staged configuration the store's, inside the transaction that records the image. One that is there stays.
    package func publish(
        _ image: Image, from area: StagingArea, in transaction: Transaction, isDurable: Bool
    ) throws(StorageError) -> Bool {
        guard try transaction.insert(image) else { return false }
        do throws(FileError) {
            let name = Array(image.id.hex.utf8)
            try blobs.moveAside(name)
            try area.directory.rename(Self.stagedName, to: blobs.directory, name, mode: .noReplace)
            if isDurable { try blobs.directory.sync() }
        } catch {
            throw StorageError(error, doing: "publish image \(image.id.short)", object: image.id.description)
        }
        return true
    }
}
