internal import Catalog
internal import FileTree
public import StorageModel
internal import Volumes

extension Store {
    /// Gives a volume another name, with everything that it has. Containers that mount it follow.
    ///
    /// A crash leaves the old name or the new one, and the whole volume under it.
    ///
    /// - Throws: ``StorageError/Code/inUse`` naming who has it mounted or open; ``StorageError/Code/conflict`` if the new name
    ///   is taken; ``StorageError/Code/notFound``.
    public func renameVolume(_ name: VolumeName, to newName: VolumeName) throws(StorageError) {
        try volumes.rename(name, to: newName)
    }

    /// Changes the labels of a volume, also while it is used.
    ///
    /// - Parameters:
    ///   - labels: to set, in place of those of the same key.
    ///   - removed: keys of labels that go; one that it does not have is gone already.
    /// - Throws: ``StorageError/Code/notFound``.
    public func updateVolume(
        _ name: VolumeName, setting labels: [String: String], removing removed: Set<String> = []
    ) throws(StorageError) {
        try volumes.update(name, setting: labels, removing: removed)
    }

    /// Makes a volume with the data and the labels that another one has now.
    ///
    /// Blocks are shared where the file system can (reflink), copied elsewhere. The source can be used meanwhile; nobody
    /// removes or replaces it. Others see the new volume when it is whole and, unless asked otherwise, on disk.
    ///
    /// - Returns: what changed while it was copied, and what could not be copied.
    /// - Throws: ``StorageError/Code/conflict`` if the name is taken; ``StorageError/Code/notFound``;
    ///   ``StorageError/Code/noSpace``, after which nothing is left.
    public func cloneVolume(_ request: VolumeCloneRequest, checkpoint: Checkpoint) throws(StorageError)
        -> VolumeCloneReport
    {
        try volumes.clone(request, checkpoint: checkpoint)
    }
}
