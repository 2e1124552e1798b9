internal import Catalog
internal import FileTree
package import StorageModel

extension Volumes {
    /// Gives a volume another name, with everything that it has; containers that mount it follow. An anonymous volume is one
    /// with a name from then on.
    ///
    /// Row and directory change together: the directory is renamed, durably, inside of the transaction that changes the row. A
    /// crash in between leaves the old row, and a directory that says of itself what it was called: whoever finds it next
    /// gives it its old name again (``InterruptedRename``).
    ///
    /// - Throws: ``StorageError/Code/inUse`` while somebody has it mounted or open, or works on it;
    ///   ``StorageError/Code/conflict`` if the new name is taken; ``StorageError/Code/notFound``.
    package func rename(_ name: VolumeName, to newName: VolumeName) throws(StorageError) {
        // A population that was left half-way knows the volume by its name: it is settled first. A device is unmounted.
        let hasDevice = try device(of: try volume(named: name)) != nil
        let opened = hasDevice ? try openWithoutData(name, for: .changing) : try open(name, for: .changing)
        if try catalog.volume(named: newName) != nil { throw Self.isTaken(newName) }
        try refuseMountsInside(opened, exceptDevice: hasDevice)
        try refuseIfUsed(opened, canBeForced: false)
        try releaseDevice(opened)
        let note = RenameNote(oldName: name, newName: newName, createdAt: opened.volume.createdAt)
        try attempt("rename volume '\(name)'", name) { () throws(FileError) in try note.write(in: opened.directory) }
        defer { RenameNote.remove(from: opened.directory) }
        try changeName(of: opened.volume, to: newName)
    }

    private func changeName(of volume: Volume, to newName: VolumeName) throws(StorageError) {
        let name = volume.name
        var isRenamed = false
        do throws(StorageError) {
            try catalog.transaction { transaction throws(StorageError) in
                guard try transaction.volume(named: name)?.isSame(as: volume) == true else { throw Self.missing(name) }
                guard try transaction.volume(named: newName) == nil else { throw Self.isTaken(newName) }
                _ = try transaction.rename(name, to: newName)
                try records.moveAside(newName.bytes, transaction)
                try attempt("rename volume '\(name)'", name) { () throws(FileError) in
                    try records.directory.rename(name.bytes, to: records.directory, newName.bytes, mode: .noReplace)
                    isRenamed = true
                    try directory.sync()
                }
            }
        } catch {
            // The transaction was rolled back, or its commit failed: the row has the old name. If the directory cannot have
            // it again now, whoever opens the volume or the store next sees to it.
            if isRenamed { _ = try? recover(name) }
            throw error
        }
    }

    /// A device would be mounted at a place that has another name then.
    private func releaseDevice(_ opened: OpenedVolume) throws(StorageError) {
        let name = opened.volume.name
        guard let device = try device(of: opened.volume) else { return }
        let isMounted = try attempt("look at volume '\(name)'", name) { () throws(FileError) in
            try opened.directory.status(of: Self.dataName).isMountRoot
        }
        guard isMounted else { return }
        guard !device.isMemory else {
            throw StorageError(
                .inUse, object: name.rawValue, "volume '\(name)' is a \(device.type) that is mounted",
                hint: "unmount it first, by which its data is lost: umount '\(mountpoint(of: name).printable())'")
        }
        try detachForRemoval(opened, force: false)
    }

    static func isTaken(_ name: VolumeName) -> StorageError {
        StorageError(
            .conflict, object: name.rawValue, "volume '\(name)' exists already",
            hint: "choose another name, or remove it first: holdfast volume rm \(name)")
    }
}

extension Volumes {
    /// Whether a volume's directory is missing for certain, and not just being renamed. What an interrupted rename left under
    /// another name is put back.
    ///
    /// - Parameter volume: as it was when its directory was not found.
    package func lacksData(_ volume: Volume) throws(StorageError) -> Bool {
        guard try catalog.volume(named: volume.name)?.isSame(as: volume) == true else { return false }
        return try !recover(volume.name)
    }

    /// - Returns: whether the volume has its directory now, or its row is gone.
    private func recover(_ name: VolumeName) throws(StorageError) -> Bool {
        // No other process is in the midst of a rename as long as this one has the transaction.
        try catalog.transaction { transaction throws(StorageError) in
            guard try transaction.volume(named: name) != nil else { return true }
            if try hasDirectory(name) { return true }
            for orphan in try records.orphans(transaction) {
                if try interrupted.undo(at: orphan, transaction), try hasDirectory(name) { return true }
            }
            return false
        }
    }
}
