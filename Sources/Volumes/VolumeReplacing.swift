internal import Catalog
package import FileTree
package import StorageModel

/// New content for a volume, built beside it and put in its place in one step: old data or new data, never a mixture.
///
/// Fill ``data``, set its owner, mode and times, then ``publish(_:isDurable:)``. ``discard()`` belongs in every path
/// out: after a publication it deletes the old data, before one the new. A crash leaves the old data in place.
package final class VolumeReplacement: Sendable {
    /// The new, empty data directory (mode 0700, owned by the process).
    package let data: Descriptor
    /// The volume whose data is replaced, under an exclusive lease; `nil` if the volume is made by the publication.
    package let existing: OpenedVolume?
    package let name: VolumeName

    private let volumes: Volumes
    fileprivate let staged: StagedVolume
    private let isForced: Bool

    fileprivate init(
        _ name: VolumeName, _ volumes: Volumes, _ staged: StagedVolume, _ existing: OpenedVolume?, isForced: Bool
    ) throws(FileError) {
        self.name = name
        self.volumes = volumes
        self.staged = staged
        self.existing = existing
        self.isForced = isForced
        data = try staged.data.descriptor.duplicate()
    }

    /// Brings the new data to disk and puts it in place.
    ///
    /// An existing volume keeps its row, with labels and options, and its data is exchanged (`RENAME_EXCHANGE`). A missing
    /// volume is made as `request` says, except for owner and mode, which are those that ``data`` has.
    ///
    /// - Throws: ``StorageError/Code/inUse`` if a process began to use the existing volume meanwhile and force was not asked
    ///   for; ``StorageError/Code/conflict`` if another process made the missing volume meanwhile.
    package func publish(_ request: VolumeRequest, isDurable: Bool = true) throws(StorageError) -> Volume {
        if let existing {
            if !isForced { try volumes.refuseIfUsed(existing) }
            try volumes.attempt("replace the data of volume '\(name)'", name) { () throws(FileError) in
                try Publication.publish(
                    Volumes.dataName, from: staged.directory, to: existing.directory, as: Volumes.dataName,
                    mode: .exchange, isDurable: isDurable)
            }
            return existing.volume
        }
        let volume = Volume(
            name: name, driver: request.driver, createdAt: .now, labels: request.labels, options: request.options,
            isAnonymous: false, isProtected: request.isProtected)
        guard try volumes.publish(staged, as: volume, isDurable: isDurable) == nil else {
            throw StorageError(
                .conflict, object: name.rawValue, "volume '\(name)' was created by another process meanwhile",
                hint: "try again with --replace or --merge, or restore into another volume")
        }
        return volume
    }

    /// Deletes what is not the volume's data: the old data, or new data that was not published.
    package func discard() throws(StorageError) {
        try volumes.attempt("delete the data that volume '\(name)' does not use", name) { () throws(FileError) in
            try staged.discard()
        }
    }
}

extension Volumes {
    /// Begins to replace the data of a volume, or to make the volume with its data.
    ///
    /// The lease of an existing volume is held exclusively from here until the result is released.
    ///
    /// - Parameter force: replaces data that processes have mounted or open; they keep the old data until they end.
    /// - Throws: ``StorageError/Code/inUse`` naming who uses the volume.
    package func beginReplacement(of name: VolumeName, force: Bool) throws(StorageError) -> VolumeReplacement {
        let existing = try catalog.volume(named: name) == nil ? nil : try open(name, for: .changing)
        if let existing {
            try refuseMountsInside(existing)
            if !force { try refuseIfUsed(existing) }
        }
        let replacement = try attempt("prepare new data for volume '\(name)'", name) { () throws(FileError) in
            let staged = try StagedVolume.make(in: staging)
            return try VolumeReplacement(name, self, staged, existing, isForced: force)
        }
        // What limits the old data limits the new. An area that is dropped here is discarded with its last reference.
        if let existing { try limit(replacement.staged, existing.volume) }
        return replacement
    }
}
