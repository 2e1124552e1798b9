internal import Catalog
internal import FileTree
package import StorageModel

extension LayerStore {
    /// What goes from the disk with a layer besides its tree, whose size the catalog has: its own directory, its skeleton, and
    /// what its tree has no place for. Nothing, where the layer has lost its files.
    ///
    /// Cost: a few calls; more where there is something that the tree has no place for, which is rare.
    package func overheadBytes(of chainID: Digest) throws(StorageError) -> UInt64 {
        do throws(FileError) {
            let home = try records.directory.openDirectory(Array(chainID.hex.utf8))
            var bytes = try home.status().allocatedBytes
            bytes += try Self.status(of: StagedLayer.skeletonName, in: home)?.allocatedBytes ?? 0
            if try Self.status(of: StagedLayer.shadowedName, in: home) != nil {
                let shadowed = try home.openDirectory(StagedLayer.shadowedName)
                bytes += try UsageScan.totals(of: shadowed, threads: 1).allocatedBytes
            }
            return bytes
        } catch  where error.errno == .noEntry {
            return 0
        } catch {
            throw StorageError(error, doing: "measure layer \(chainID.short)", object: chainID.description)
        }
    }

    private static func status(of name: [UInt8], in home: borrowing Descriptor) throws(FileError) -> FileStatus? {
        do throws(FileError) {
            return try home.status(of: name)
        } catch  where error.errno == .noEntry {
            return nil
        }
    }
}
