internal import Catalog
internal import FileTree
package import StorageModel

extension Volumes {
    /// Deletes what crashes left behind: directories without a row, abandoned staging areas, the trash.
    ///
    /// Cost where there is nothing to do: three listings of directories that are empty or small, and one count. What
    /// another process is just deleting is left to it.
    ///
    /// - Returns: what could not be deleted; the store works all the same, and the next sweep tries again.
    package func sweep() -> [StorageError] {
        var failures: [StorageError] = []
        do throws(StorageError) { try records.sweep() } catch { failures.append(error) }
        do throws(FileError) {
            if !(try staging.entries().isEmpty) { try StagingArea.sweep(staging) }
        } catch {
            failures.append(StorageError(error, doing: "sweep the store's staging directory", object: hostPath))
        }
        do throws(FileError) { try emptyTrash() } catch {
            failures.append(StorageError(error, doing: "empty the store's trash", object: hostPath))
        }
        return failures
    }

    private func emptyTrash() throws(FileError) {
        if try trash.entries().isEmpty { return }
        guard let lease = try Lease.take(try trash.reopenDirectory(), .exclusive) else { return }
        try Trash.empty(trash)
        lease.release()
    }
}
