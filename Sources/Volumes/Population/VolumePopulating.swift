internal import Catalog
internal import FileTree
internal import Glibc
package import StorageModel

extension Volumes {
    /// Fills an empty volume with a directory of an image, once, completely or not at all.
    ///
    /// A volume that is not empty costs a few system calls and no lease. An empty one is leased exclusively: others that want
    /// to populate it wait, and then find it done. The copy is staged, brought to disk, and exchanged for the empty directory
    /// in one step; where that directory is in use or a mount point, it is completed inside, by whoever opens the volume next
    /// if this process dies. What goes wrong leaves an empty volume.
    ///
    /// - Throws: ``StorageError/Code/notFound`` if there is no such volume; ``StorageError/Code/damaged`` if the image cannot
    ///   be read; ``StorageError/Code/interrupted``, also while another process is waited for.
    package func populate(
        _ name: VolumeName, from content: PopulationContent, options: PopulationOptions, checkpoint: Checkpoint
    ) throws(StorageError) -> PopulationOutcome {
        _ = try volume(named: name)
        guard try wants(name, content, options) else { return .untouched }
        checkpoint.progress.begin("populating \(name)", totalEntries: nil, totalBytes: nil)
        let opened = try open(name, for: .changing, waiting: checkpoint.interruption)
        defer { withExtendedLifetime(opened) {} }
        return try fill(opened, from: content, options: options, checkpoint: checkpoint)
    }

    /// Looks without a lease whether there may be something to do.
    private func wants(
        _ name: VolumeName, _ content: PopulationContent, _ options: PopulationOptions
    ) throws(StorageError) -> Bool {
        do throws(FileError) {
            let data = try directory.openDirectory(name.bytes).openDirectory(Self.dataName)
            if try HiddenPopulation.leftover(in: data) != .none { return true }
            let target = try data.openDirectory(beneath: options.subpath)
            guard try Emptiness.holds(for: target) else { return false }
            if options.copiesContent, try !content.source.isEmpty() { return true }
            return try !content.isApplied(to: target, withTime: options.copiesContent)
        } catch  where error.errno == .noEntry || error.errno == .notDirectory || error.errno == .tooManyLevels {
            // Opening it with its lease tells what is wrong; a missing subpath is no directory to fill.
            return options.subpath.isRoot
        } catch {
            throw populationFailure(error, content, of: name)
        }
    }

    /// - Parameter opened: under the exclusive lease.
    func fill(
        _ opened: OpenedVolume, from content: PopulationContent, options: PopulationOptions, checkpoint: Checkpoint
    ) throws(StorageError) -> PopulationOutcome {
        let name = opened.volume.name
        guard let target = try PopulationTarget(in: opened, at: options.subpath),
            try target.isEmpty()
        else { return .untouched }
        let isEmpty = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
            try content.source.isEmpty()
        }
        if isEmpty || !options.copiesContent {
            try attempt("set the owner of volume '\(name)'", name) { () throws(FileError) in
                try content.apply(to: target.directory, withTime: options.copiesContent)
                if options.isDurable { try target.directory.sync() }
            }
            return .onlyMetadata
        }
        if try canExchange(target, of: opened) {
            if let report = try exchange(target, of: opened, content, options, checkpoint, mustBeEmpty: true) {
                return .populated(report)
            }
            return .untouched
        }
        return .populated(try populateInside(opened, content, options, checkpoint))
    }

    /// Fills a volume that is being made.
    ///
    /// - Parameter copiesContent: otherwise only owner and mode of the image's directory are applied.
    /// - Returns: what is recorded of it; `nil` if nothing was copied.
    package func fill(
        _ staged: StagedVolume, of name: VolumeName, from content: PopulationContent, copiesContent: Bool,
        isDurable: Bool, checkpoint: Checkpoint
    ) throws(StorageError) -> VolumePopulation? {
        let hasContent = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
            copiesContent ? try !content.source.isEmpty() : false
        }
        guard hasContent else {
            try attempt("set the owner of volume '\(name)'", name) { () throws(FileError) in
                try content.apply(to: staged.data.descriptor, withTime: copiesContent)
            }
            return nil
        }
        checkpoint.progress.begin("populating \(name)", totalEntries: nil, totalBytes: nil)
        var options = PopulationOptions()
        options.isDurable = isDurable
        let report = try copy(content, to: staged, options, checkpoint, of: name)
        try checkpoint.interruption.check()
        for notice in report.skipped {
            checkpoint.progress.warn("volume '\(name)': \(notice.path.description.printable()): \(notice.reason)")
        }
        return content.record()
    }

    // MARK: By exchange

    /// Whether a new directory can take the place of the present one without anybody keeping the old one.
    private func canExchange(_ target: PopulationTarget, of opened: OpenedVolume) throws(StorageError) -> Bool {
        let isOwn = try attempt("populate volume '\(opened.volume.name)'", opened.volume.name) { () throws(FileError) in
            let status = try target.directory.status()
            if status.isMountRoot { return false }
            if try status.device == staging.status().device { return true }
            // A subvolume of btrfs lies in its directory like any entry.
            return target.isWhole ? try Subvolume.lies(target.name, in: target.parent) : false
        }
        return isOwn ? try !isUsed(opened) : false
    }

    /// Whether somebody has the volume mounted or open, and not for an instant only.
    private func isUsed(_ opened: OpenedVolume) throws(StorageError) -> Bool {
        do throws(StorageError) {
            try refuseIfUsed(opened)
            return false
        } catch  where error.code == .inUse {
            return true
        }
    }

    /// Puts a copy of the image's directory in place of the target.
    ///
    /// - Parameter mustBeEmpty: takes it back if somebody put something into the old directory meanwhile.
    /// - Returns: `nil` if it was taken back.
    func exchange(
        _ target: PopulationTarget, of opened: OpenedVolume, _ content: PopulationContent,
        _ options: PopulationOptions, _ checkpoint: Checkpoint, mustBeEmpty: Bool
    ) throws(StorageError) -> TreeCopy.Report? {
        let name = opened.volume.name
        let staged = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
            try StagedVolume.make(in: staging)
        }
        // An area that cannot be removed is swept by the next open.
        defer { try? staged.discard() }
        if target.isWhole { try limit(staged, opened.volume) }
        let report = try copy(content, to: staged, options, checkpoint, of: name)
        try checkpoint.interruption.check()
        let population = content.record()
        let identity = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
            try staged.data.descriptor.status().identity
        }
        do throws(StorageError) {
            let isPlaced = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
                if target.isWhole {
                    let mark = PopulationMark(
                        volume: name, createdAt: opened.volume.createdAt,
                        directory: try DirectoryNumber(of: staged.data.descriptor), subpath: .root,
                        population: population, modifiedAt: content.metadata.modifiedAt)
                    try mark.write(to: staged.area.directory, isDurable: options.isDurable)
                }
                return try place(staged, target, isDurable: options.isDurable, mustBeEmpty: mustBeEmpty)
            }
            guard isPlaced else { return nil }
            if target.isWhole { try record(population, of: name) }
        } catch {
            // Not on disk, or without its record, it did not happen.
            if (try? target.parent.status(of: target.name).identity) == identity { try? exchangeNames(staged, target) }
            throw error
        }
        return report
    }

    private func place(
        _ staged: StagedVolume, _ target: PopulationTarget, isDurable: Bool, mustBeEmpty: Bool
    ) throws(FileError) -> Bool {
        try Publication.publish(
            Self.dataName, from: staged.directory, to: target.parent, as: target.name, mode: .exchange,
            isDurable: isDurable)
        // What came into the old directory since it was looked at came before us.
        guard mustBeEmpty, try !Emptiness.holds(for: target.directory) else { return true }
        try exchangeNames(staged, target)
        return false
    }

    private func exchangeNames(_ staged: StagedVolume, _ target: PopulationTarget) throws(FileError) {
        try staged.directory.rename(Self.dataName, to: target.parent, target.name, mode: .exchange)
    }

    func record(_ population: VolumePopulation, of name: VolumeName) throws(StorageError) {
        let isThere = try catalog.transaction { transaction throws(StorageError) in
            try transaction.setPopulation(population, of: name)
        }
        if !isThere { throw Self.missing(name) }
    }

    private func populationFailure(
        _ error: FileError, _ content: PopulationContent, of name: VolumeName
    ) -> StorageError {
        StorageError(error, doing: "populate volume '\(name)' from \(content.label)", object: name.rawValue)
    }
}

/// The directory of an opened volume that is populated.
struct PopulationTarget {
    private let own: SharedDescriptor
    private let above: SharedDescriptor
    let name: [UInt8]
    /// Whether it is all of the volume.
    let isWhole: Bool
    private let volume: VolumeName

    var directory: Descriptor { _read { yield own.descriptor } }
    var parent: Descriptor { _read { yield above.descriptor } }

    /// - Returns: `nil` if the volume has no directory there.
    init?(in opened: OpenedVolume, at subpath: EntryPath) throws(StorageError) {
        volume = opened.volume.name
        isWhole = subpath.isRoot
        name = isWhole ? Volumes.dataName : Array(subpath.name)
        do throws(FileError) {
            own = SharedDescriptor(try opened.data.openDirectory(beneath: subpath))
            above = SharedDescriptor(
                isWhole ? try opened.directory.duplicate() : try opened.data.openDirectory(beneath: subpath.parent))
        } catch  where error.errno == .noEntry || error.errno == .notDirectory || error.errno == .tooManyLevels {
            return nil
        } catch {
            throw StorageError(error, doing: "open volume '\(volume)'", object: volume.rawValue)
        }
    }

    func isEmpty() throws(StorageError) -> Bool {
        do throws(FileError) { return try Emptiness.holds(for: directory) } catch {
            throw StorageError(error, doing: "list volume '\(volume)'", object: volume.rawValue)
        }
    }
}

extension PopulationContent {
    static let isPrivileged = geteuid() == 0

    /// What the volume's directory gets; without its time also without attributes.
    private func wanted(_ current: FileStatus, withTime: Bool) -> EntryMetadata {
        var result = owners(metadata)
        if !withTime { result.modifiedAt = current.modifiedAt }
        if !Self.isPrivileged { (result.uid, result.gid) = (current.uid, current.gid) }
        return result
    }

    func isApplied(to directory: borrowing Descriptor, withTime: Bool) throws(FileError) -> Bool {
        let current = try directory.status()
        guard current.metadata == wanted(current, withTime: withTime) else { return false }
        if !withTime || attributes.isEmpty { return true }
        return Set(try directory.extendedAttributes()).isSuperset(of: attributes)
    }

    func apply(to directory: borrowing Descriptor, withTime: Bool) throws(FileError) {
        let current = try directory.status()
        try directory.applyMetadata(
            wanted(current, withTime: withTime), xattrs: withTime ? attributes : [], ownership: Self.isPrivileged,
            current: current, onRefusal: { _, _ in })
    }
}
