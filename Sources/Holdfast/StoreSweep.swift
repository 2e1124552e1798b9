internal import Catalog
internal import Containers
internal import FileTree
internal import Images
internal import Layers
internal import StorageModel
internal import Volumes

/// Deletes what crashes left behind: entries without a row, abandoned staging areas, the trash.
///
/// Cost where there is nothing to do: a listing of each of the store's directories, and a read of the names. What another
/// process is just deleting is left to it.
enum StoreSweep {
    /// - Returns: what could not be deleted; the store works all the same, and the next sweep tries again.
    static func run(
        _ volumes: Volumes, _ layers: LayerStore, _ images: ImageStore, _ containers: ContainerStore,
        staging: borrowing Descriptor, trash: borrowing Descriptor, rootPath: String
    ) -> [StorageError] {
        var failures: [StorageError] = []
        for records in [volumes.records, layers.records, images.blobs] {
            do throws(StorageError) { try records.sweep() } catch { failures.append(error) }
        }
        do throws(StorageError) {
            try containers.releaseOrphans()
            try containers.records.sweep()
        } catch {
            failures.append(error)
        }
        do throws(FileError) {
            if !(try staging.isEmptyDirectory()) {
                try StagingArea.sweep(staging) { volumes.settlePopulation(markedIn: $0) }
            }
        } catch {
            failures.append(StorageError(error, doing: "sweep the store's staging directory", object: rootPath))
        }
        do throws(FileError) { try empty(trash) } catch {
            failures.append(StorageError(error, doing: "empty the store's trash", object: rootPath))
        }
        return failures
    }

    private static func empty(_ trash: borrowing Descriptor) throws(FileError) {
        if try trash.isEmptyDirectory() { return }
        guard let lease = try Lease.take(try trash.reopenDirectory(), .exclusive) else { return }
        try Trash.empty(trash)
        lease.release()
    }
}
