internal import FileTree
internal import StorageModel

extension Volumes {
    /// Fills a volume that is built in staging: by a snapshot of what a volume got before, where one is kept, or by copying, and
    /// then keeps a snapshot where that is possible and worth it.
    func copy(
        _ content: PopulationContent, to staged: StagedVolume, _ options: PopulationOptions,
        _ checkpoint: Checkpoint, of name: VolumeName
    ) throws(StorageError) -> TreeCopy.Report {
        // Never a part of a volume: what is a subvolume inside of another directory is another file system to many tools.
        let kept = options.isDurable && options.subpath.isRoot ? content.keptPopulation : nil
        if let report = kept?.place(in: staged) {
            checkpoint.progress.advance(entries: report.entries, bytes: 0)
            return report
        }
        guard let kept, let turn = kept.prepare(staged) else {
            return try copy(content, to: staged.data.descriptor, options, checkpoint, of: name)
        }
        let report = try copy(content, to: staged.data.descriptor, options, checkpoint, of: name)
        if report.skipped.isEmpty { kept.keep(staged, report) }
        turn.release()
        return report
    }

    func copy(
        _ content: PopulationContent, to target: borrowing Descriptor, _ options: PopulationOptions,
        _ checkpoint: Checkpoint, of name: VolumeName
    ) throws(StorageError) -> TreeCopy.Report {
        var copying = TreeCopy.Options()
        copying.owners = content.owners
        copying.skipsUnreadable = false
        if options.isDurable {
            copying.writeback = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
                try EarlyWriteback(target)
            }
        }
        defer { copying.writeback?.finish() }
        do throws(StorageError) {
            return try TreeCopy.copy(
                content.source, to: target, ownership: PopulationContent.isPrivileged, options: copying,
                checkpoint: checkpoint)
        } catch  where error.code != .interrupted {
            throw StorageError(
                error.code, object: name.rawValue, "cannot populate volume '\(name)' from \(content.label)",
                errno: error.errno,
                hint: error.code == .damaged
                    ? "run holdfast check --read-data, then load or pull the image again" : error.hint,
                causes: [error.message] + error.causes)
        }
    }

    /// Fills a volume whose data directory cannot be exchanged.
    func populateInside(
        _ opened: OpenedVolume, _ content: PopulationContent, _ options: PopulationOptions, _ checkpoint: Checkpoint
    ) throws(StorageError) -> TreeCopy.Report {
        let name = opened.volume.name
        let report: TreeCopy.Report
        do throws(StorageError) {
            let hidden = try attempt("populate volume '\(name)'", name) { () throws(FileError) in
                SharedDescriptor(try HiddenPopulation.begin(in: opened.data))
            }
            report = try copy(content, to: hidden.descriptor, options, checkpoint, of: name)
            try checkpoint.interruption.check()
            try attempt("populate volume '\(name)'", name) { () throws(FileError) in
                let mark = PopulationMark(
                    volume: name, createdAt: opened.volume.createdAt, directory: try DirectoryNumber(of: opened.data),
                    subpath: options.subpath, population: content.record(), modifiedAt: content.metadata.modifiedAt)
                try HiddenPopulation.commit(mark, in: opened.data, isDurable: options.isDurable)
            }
        } catch {
            // The first failure is the one to tell; what cannot be removed now, whoever opens the volume next removes.
            try? HiddenPopulation.discard(in: opened.data)
            throw error
        }
        try completePopulation(in: opened.data, of: name)
        return report
    }
}
