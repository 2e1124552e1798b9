package import Catalog
package import FileTree
package import StorageModel

/// A volume under construction in `staging/<op>/volume`: its lease file and its data directory.
///
/// It becomes a volume when ``Volumes/publish(_:as:isDurable:)`` renames it. Whatever happens, ``discard()`` must be
/// called at the end; after a crash the next open of the store sweeps the area.
package final class StagedVolume: Sendable {
    static let name = Array("volume".utf8)

    let area: StagingArea
    /// `staging/<op>/volume`
    let directory: Descriptor
    private let content: Monitor<SharedDescriptor>

    private init(_ area: StagingArea, _ directory: consuming Descriptor, _ data: consuming Descriptor) {
        self.area = area
        self.directory = directory
        content = Monitor(SharedDescriptor(data))
    }

    /// `staging/<op>/volume/_data`
    package var data: SharedDescriptor { content.update { $0 } }

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
    func apply(_ request: VolumeRequest, _ options: LocalDriverOptions?) throws(FileError) {
        let data = data
        let current = try data.descriptor.status()
        let metadata = EntryMetadata(
            mode: request.mode, uid: request.uid ?? options?.uid ?? current.uid,
            gid: request.gid ?? options?.gid ?? current.gid, modifiedAt: current.modifiedAt)
        let changesOwner = metadata.uid != current.uid || metadata.gid != current.gid
        try data.descriptor.applyMetadata(metadata, xattrs: [], ownership: changesOwner, current: current)
    }

    /// Puts what `make` makes in the area, under a name that it is given, in place of the data directory, which is empty.
    ///
    /// On a failure the data directory is what it was; what was made goes with the area.
    func replaceData(_ make: (borrowing Descriptor, [UInt8]) throws(FileError) -> Void) throws(FileError) {
        let name = RandomName.make()
        try make(area.directory, name)
        let replacement = SharedDescriptor(try area.directory.openDirectory(name))
        try area.directory.rename(name, to: directory, Volumes.dataName, mode: .exchange)
        content.update { $0 = replacement }
    }

    /// Brings data and directory to disk.
    func sync() throws(FileError) {
        try Publication.syncTree(Volumes.dataName, in: directory)
        try directory.sync()
    }

    /// Removes what is left of the area.
    package func discard() throws(FileError) { try area.discard() }
}

extension Volumes {
    /// Begins a volume as `request` says, to be filled and published. Nothing of the name is looked at yet.
    package func stage(_ volume: Volume, _ request: VolumeRequest) throws(StorageError) -> StagedVolume {
        try Self.validate(request)
        let doing = "create volume '\(volume.name)'"
        let staged = try attempt(doing, volume.name) { () throws(FileError) in
            try refuseFullDisk()
            return try StagedVolume.make(in: staging)
        }
        do throws(StorageError) {
            try limit(staged, volume)
            try attempt(doing, volume.name) { () throws(FileError) in
                try staged.apply(request, try? LocalDriverOptions(volume.options))
            }
            return staged
        } catch {
            // The first failure is the one to report; what could not be removed is swept later.
            try? staged.discard()
            throw error
        }
    }

    /// Makes a finished staged volume the volume `volume.name`: one row and one rename, together or not at all.
    ///
    /// The directory is on disk before the row is: a crash in between leaves a directory without a row, which is swept.
    ///
    /// - Returns: `nil`, or the volume that another process made of the same name in the meantime; then nothing changed.
    func publish(_ staged: StagedVolume, as volume: Volume, isDurable: Bool) throws(StorageError) -> Volume? {
        if isDurable { try sync(staged, volume.name) }
        do throws(StorageError) {
            return try catalog.transaction { transaction throws(StorageError) in
                try publish(staged, as: volume, isDurable: isDurable, in: transaction)
            }
        } catch {
            withdraw(volume.name)
            throw error
        }
    }

    /// Brings a staged volume to disk; what publishes it comes next.
    package func sync(_ staged: StagedVolume, _ name: VolumeName) throws(StorageError) {
        try attempt("create volume '\(name)'", name) { () throws(FileError) in try staged.sync() }
    }

    /// The part of a publication that belongs in a transaction, which may publish other things too.
    ///
    /// If the transaction does not come to its end, call ``withdraw(_:)`` afterwards.
    package func publish(
        _ staged: StagedVolume, as volume: Volume, isDurable: Bool, in transaction: Transaction
    ) throws(StorageError) -> Volume? {
        let name = volume.name
        if let existing = try transaction.volume(named: name) { return existing }
        try transaction.insert(volume)
        try records.moveAside(name.bytes, transaction)
        try attempt("create volume '\(name)'", name) { () throws(FileError) in
            try staged.area.directory.rename(StagedVolume.name, to: directory, name.bytes, mode: .noReplace)
            if isDurable { try directory.sync() }
        }
        return nil
    }

    /// Removes what a transaction that was rolled back has left in `volumes/`: what has no row is garbage again.
    package func withdraw(_ name: VolumeName) {
        // The failure of the transaction is the one to tell; the next sweep finds what stays.
        try? records.discard(name.bytes)
    }
}
