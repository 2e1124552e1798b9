package import FileTree
package import StorageModel

/// How much lies below a destination of backups.
package enum BackupSizes {
    /// Counts archives and everything else below a directory; opens none of them. Cost: a look at each entry.
    ///
    /// Archives that share extents with others, as they do on file systems with reflinks, are counted in full.
    ///
    /// - Parameters:
    ///   - store: the store's root directory, which is left out if it lies below.
    /// - Throws: ``StorageError/Code/notFound`` for a missing destination.
    package static func measure(
        _ destination: String, store: FileStatus, checkpoint: Checkpoint
    ) throws(StorageError) -> BackupSpace {
        var options = OrderedWalk.Options()
        options.excluded = [store.identity]
        let walk: OrderedWalk
        let device: UInt64
        do throws(FileError) {
            let root = try Descriptor.openDirectory(atHostPath: destination)
            device = try root.status().device
            walk = try OrderedWalk(root: root, options: options)
        } catch {
            throw StorageError(
                error, doing: "measure destination '\(destination.printable())'", object: destination,
                hint: error.errno == .noEntry ? "nothing was backed up there yet" : nil)
        }
        var (archives, bytes, apparent, other, errors) = (0, UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        var counted: Set<FileIdentity> = []
        try walk.forEach { (entry) throws(StorageError) in
            try checkpoint.interruption.check()
            let (name, status) = (entry.path.name, entry.status)
            if status.kind != .directory && status.linkCount > 1 && !counted.insert(status.identity).inserted { return }
            if status.kind == .file && name.first != UInt8(ascii: ".") && DestinationLayout.isArchive(name) {
                archives += 1
                bytes = bytes.clampedSum(status.allocatedBytes)
                apparent = apparent.clampedSum(status.sizeBytes)
            } else {
                other = other.clampedSum(status.allocatedBytes)
            }
        } onError: { _, _ in
            errors += 1
        }
        return BackupSpace(
            destination: destination, archives: archives, archiveBytes: bytes, archiveApparentBytes: apparent,
            otherBytes: other, errors: errors, isOnStoreFileSystem: device == store.device)
    }
}
