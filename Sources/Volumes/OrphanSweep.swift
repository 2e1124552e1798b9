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
        do throws(StorageError) { try sweepOrphans() } catch { failures.append(error) }
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

    /// Moves directories without a row into the trash.
    ///
    /// The transaction keeps others from publishing while names and directories are compared.
    private func sweepOrphans() throws(StorageError) {
        if try isTidy() { return }
        try catalog.transaction { transaction throws(StorageError) in
            let names = try transaction.volumeNames()
            do throws(FileError) {
                for entry in try directory.entries() where !names.contains(String(decoding: entry.name, as: UTF8.self))
                {
                    try Trash.move(entry.name, of: directory, to: trash, isDurable: false)
                }
            } catch {
                throw StorageError(error, doing: "move a directory without a volume away", object: hostPath)
            }
        }
    }

    /// Whether there are as many directories as rows, by the directory's link count where the file system keeps one.
    private func isTidy() throws(StorageError) -> Bool {
        let rows = try catalog.read { transaction throws(StorageError) in try transaction.countVolumes() }
        do throws(FileError) {
            let links = Int(try directory.status().linkCount)
            return try (links >= 2 ? links - 2 : directory.entries().count) == rows
        } catch {
            throw StorageError(error, doing: "look at the store's volumes", object: hostPath)
        }
    }
}
