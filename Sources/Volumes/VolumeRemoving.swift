internal import Catalog
internal import FileTree
package import StorageModel

extension Volumes {
    /// Removes a volume and its data.
    ///
    /// The row goes first, then the directory is renamed into the trash, then the tree is deleted: a crash leaves the whole
    /// volume or none, and at most a directory to be swept. Deletion follows no link and crosses no mount.
    ///
    /// - Parameter force: removes it although processes have it mounted or open. A protected volume, one that a container
    ///   mounts, one with a mount inside its data and one that Holdfast itself is working on are refused all the same.
    /// - Throws: ``StorageError/Code/inUse`` naming the holder, ``StorageError/Code/notFound``.
    package func remove(_ name: VolumeName, force: Bool) throws(StorageError) {
        if try removeWithoutData(name) { return }
        try removeOpened(try openWithoutData(name, for: .changing), force: force)
    }

    /// Removes a volume whose exclusive lease is held.
    ///
    /// The device of a volume is unmounted, and nothing of its data is touched.
    func removeOpened(_ opened: OpenedVolume, force: Bool) throws(StorageError) {
        let name = opened.volume.name
        try refuseRemoval(of: opened, force: force)
        try detachForRemoval(opened, force: force)
        do throws(StorageError) {
            try removeRow(of: name)
        } catch  where error.code == .noSpace {
            // Removing is the way out of a full disk: what the catalog's journal holds already makes room for the record.
            try catalog.reuseJournal()
            try removeRow(of: name)
        }
        releaseLimit(opened)
        try records.discard(name.bytes)
    }

    /// Throws what a removal would throw, and changes nothing.
    func refuseRemoval(of opened: OpenedVolume, force: Bool) throws(StorageError) {
        let name = opened.volume.name
        try refuseIfProtected(opened.volume)
        // The record of a container is a reason that stays; who has the data open may be gone in a moment.
        try catalog.read { transaction throws(StorageError) in try transaction.refuseIfMounted(name) }
        try refuseMountsInside(opened, exceptDevice: try device(of: opened.volume) != nil)
        if !force { try refuseIfUsed(opened) }
    }

    /// - Throws: ``StorageError/Code/inUse`` if somebody uses the mounted device.
    func detachForRemoval(_ opened: OpenedVolume, force: Bool) throws(StorageError) {
        let name = opened.volume.name
        let isGone = try attempt("unmount volume '\(name)'", name) { () throws(FileError) in
            if try detach(opened, force: force) { return true }
            return try !opened.directory.status(of: Self.dataName).isMountRoot
        }
        guard !isGone else { return }
        throw StorageError(
            .inUse, object: name.rawValue, "volume '\(name)' is in use: what is mounted for it is busy",
            hint: "find out by whom: fuser -vm '\(mountpoint(of: name).printable())'")
    }

    /// Removes the record of a volume whose directory is gone.
    ///
    /// - Returns: `false` if it has its directory. The very row must go for which none was found: under the same name
    ///   another process may just have made a new volume.
    private func removeWithoutData(_ name: VolumeName) throws(StorageError) -> Bool {
        while true {
            let found = try volume(named: name)
            try refuseIfProtected(found)
            if try hasDirectory(name) { return false }
            guard try lacksData(found) else { continue }
            let isRemoved = try catalog.transaction { transaction throws(StorageError) in
                guard try transaction.volume(named: name)?.isSame(as: found) == true else { return false }
                return try transaction.remove(name)
            }
            if isRemoved { return true }
        }
    }

    private func removeRow(of name: VolumeName) throws(StorageError) {
        try catalog.transaction { transaction throws(StorageError) in
            guard let volume = try transaction.volume(named: name) else { throw Self.missing(name) }
            try refuseIfProtected(volume)
            _ = try transaction.remove(name)
        }
    }

    private func refuseIfProtected(_ volume: Volume) throws(StorageError) {
        guard volume.isProtected else { return }
        throw StorageError(
            .inUse, object: volume.name.rawValue, "volume '\(volume.name)' is protected",
            hint: "run first: holdfast volume unprotect \(volume.name)")
    }

    /// Whether the volume's data is where it should be.
    package func hasDirectory(_ name: VolumeName) throws(StorageError) -> Bool {
        do throws(FileError) {
            _ = try directory.openDirectory(name.bytes).openDirectory(Self.dataName)
            return true
        } catch  where error.errno == .noEntry {
            return false
        } catch {
            throw StorageError(error, doing: "open volume '\(name)'", object: name.rawValue)
        }
    }
}
