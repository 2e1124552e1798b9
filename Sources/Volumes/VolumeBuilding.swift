internal import Catalog
internal import FileTree
internal import StorageModel

/// A volume under construction in `staging/<op>/volume`: its lease file and its data directory.
///
/// It becomes a volume when ``Volumes/publish(_:as:isDurable:)`` renames it. Whatever happens, ``discard()`` must be
/// called at the end; after a crash the next open of the store sweeps the area.
final class StagedVolume: Sendable {
    static let name = Array("volume".utf8)

    let area: StagingArea
    /// `staging/<op>/volume`
    let directory: Descriptor
    /// `staging/<op>/volume/_data`
    let data: Descriptor

    private init(_ area: StagingArea, _ directory: consuming Descriptor, _ data: consuming Descriptor) {
        self.area = area
        self.directory = directory
        self.data = data
    }

    static func make(in staging: borrowing Descriptor) throws(FileError) -> StagedVolume {
        let area = try StagingArea.make(in: staging)
        do throws(FileError) {
            try area.directory.makeDirectory(name, mode: 0o700)
            let directory = try area.directory.openDirectory(name)
            _ = try directory.createFile(Volumes.leaseName, mode: 0o600)
            try directory.makeDirectory(Volumes.dataName, mode: 0o700)
            let data = try directory.openDirectory(Volumes.dataName)
            return StagedVolume(area, directory, data)
        } catch {
            // The first failure is the one to report; what could not be removed is swept later.
            try? area.discard()
            throw error
        }
    }

    /// Sets owner, group and mode of the data directory.
    func apply(_ request: VolumeRequest) throws(FileError) {
        let current = try data.status()
        let metadata = EntryMetadata(
            mode: request.mode, uid: request.uid ?? current.uid, gid: request.gid ?? current.gid,
            modifiedAt: current.modifiedAt)
        let changesOwner = metadata.uid != current.uid || metadata.gid != current.gid
        try data.applyMetadata(metadata, xattrs: [], ownership: changesOwner, current: current)
    }

    /// Brings data and directory to disk.
    func sync() throws(FileError) {
        try Publication.syncTree(Volumes.dataName, in: directory)
        try directory.sync()
    }

    /// Removes what is left of the area.
    func discard() throws(FileError) { try area.discard() }
}

extension Volumes {
    /// Makes a finished staged volume the volume `volume.name`: one row and one rename, together or not at all.
    ///
    /// The directory is on disk before the row is: a crash in between leaves a directory without a row, which is swept.
    ///
    /// - Returns: `nil`, or the volume that another process made of the same name in the meantime; then nothing changed.
    func publish(_ staged: StagedVolume, as volume: Volume, isDurable: Bool) throws(StorageError) -> Volume? {
        let name = volume.name
        let doing = "create volume '\(name)'"
        if isDurable { try attempt(doing, name) { () throws(FileError) in try staged.sync() } }
        var isRenamed = false
        do throws(StorageError) {
            return try catalog.transaction { transaction throws(StorageError) in
                if let existing = try transaction.volume(named: name) { return existing }
                try transaction.insert(volume)
                try attempt(doing, name) { () throws(FileError) in
                    try records.moveAside(name.bytes)
                    try staged.area.directory.rename(StagedVolume.name, to: directory, name.bytes, mode: .noReplace)
                    isRenamed = true
                    if isDurable { try directory.sync() }
                }
                return nil
            }
        } catch {
            // The transaction was rolled back, or its commit failed: what has no row is garbage again.
            if isRenamed { try? records.discard(name.bytes) }
            throw error
        }
    }
}
