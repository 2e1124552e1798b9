internal import Catalog
internal import FileTree
package import StorageModel

extension Volumes {
    /// Makes a volume's content what a directory of an image has; makes the volume if it is missing.
    ///
    /// - Parameter replaces: also if the volume has content: new content is built beside it and takes its place in one step,
    ///   so that a crash leaves the old data or the new.
    /// - Throws: ``StorageError/Code/conflict`` if the volume has content and it is not to be replaced;
    ///   ``StorageError/Code/inUse`` if it is to be replaced, but somebody uses it.
    package func seed(
        _ name: VolumeName, from content: PopulationContent, replaces: Bool, isDurable: Bool, checkpoint: Checkpoint
    ) throws(StorageError) -> VolumeSeedReport {
        var options = PopulationOptions()
        options.isDurable = isDurable
        checkpoint.progress.begin("seeding \(name)", totalEntries: nil, totalBytes: nil)
        while true {
            // Each further round means that another process made or removed the volume meanwhile.
            if try catalog.volume(named: name) == nil {
                if let made = try make(name, from: content, options, checkpoint) { return made }
            } else if let seeded = try seedExisting(name, content, options, checkpoint, replaces: replaces) {
                return seeded
            }
        }
    }

    /// - Returns: `nil` if another process made the volume meanwhile.
    private func make(
        _ name: VolumeName, from content: PopulationContent, _ options: PopulationOptions, _ checkpoint: Checkpoint
    ) throws(StorageError) -> VolumeSeedReport? {
        let staged = try attempt("create volume '\(name)'", name) { () throws(FileError) in
            try StagedVolume.make(in: staging)
        }
        // An area that cannot be removed is swept by the next open.
        defer { try? staged.discard() }
        let report = try copy(content, to: staged, options, checkpoint, of: name)
        try checkpoint.interruption.check()
        let population = content.record()
        let volume = Volume(name: name, createdAt: population.populatedAt, population: population)
        guard try publish(staged, as: volume, isDurable: options.isDurable) == nil else { return nil }
        return VolumeSeedReport(volume: volume, change: .created, copy: report)
    }

    /// - Returns: `nil` if another process removed the volume meanwhile.
    private func seedExisting(
        _ name: VolumeName, _ content: PopulationContent, _ options: PopulationOptions, _ checkpoint: Checkpoint,
        replaces: Bool
    ) throws(StorageError) -> VolumeSeedReport? {
        let opened: OpenedVolume
        do throws(StorageError) {
            opened = try open(name, for: .changing, waiting: checkpoint.interruption)
        } catch  where error.code == .notFound {
            return nil
        }
        defer { withExtendedLifetime(opened) {} }
        if try opened.isEmpty() {
            let outcome = try fill(opened, from: content, options: options, checkpoint: checkpoint)
            switch outcome {
            case .populated(let report):
                return VolumeSeedReport(volume: try volume(named: name), change: .filled, copy: report)
            case .onlyMetadata:
                try record(content.record(), of: name)
                return VolumeSeedReport(volume: try volume(named: name), change: .filled, copy: TreeCopy.Report())
            case .untouched: break
            }
        }
        guard replaces else {
            throw StorageError(
                .conflict, object: name.rawValue, "volume '\(name)' is not empty",
                hint: "--diff shows how it differs from the image, --force replaces everything in it")
        }
        try refuseMountsInside(opened)
        try refuseUse(opened)
        guard let target = try PopulationTarget(in: opened, at: .root),
            let report = try exchange(target, of: opened, content, options, checkpoint, mustBeEmpty: false)
        else { throw Self.withoutData(name) }
        return VolumeSeedReport(volume: try volume(named: name), change: .replaced, copy: report)
    }

    /// Who uses the volume would keep the old data while everybody else has the new.
    private func refuseUse(_ opened: OpenedVolume) throws(StorageError) {
        do throws(StorageError) {
            try refuseIfUsed(opened)
        } catch  where error.code == .inUse {
            throw StorageError(
                .inUse, object: error.object, error.message,
                hint: "stop what uses it, or unmount it, and try again: it would go on with the old data",
                causes: error.causes)
        }
    }
}

extension VolumeSeedReport {
    fileprivate init(volume: Volume, change: Change, copy: TreeCopy.Report) {
        self.init(
            volume: volume, change: change, entries: copy.entries, copiedBytes: copy.copiedBytes,
            reflinkedFiles: copy.reflinkedFiles, notices: copy.skipped)
    }
}
