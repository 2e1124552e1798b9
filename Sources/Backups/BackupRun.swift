internal import Archive
package import Encryption
package import FileTree
package import StorageModel

/// Makes one archive of one tree.
package struct BackupRun {
    let root: SharedDescriptor
    let request: BackupRequest
    private let volume: Volume?
    private let recipients: EncryptionKeys?
    let keys: DecryptionKeys
    let checkpoint: Checkpoint
    private let reading: StillReading

    /// - Parameters:
    ///   - root: the open directory that is read; the caller holds whatever lease keeps it in place.
    ///   - volume: what it is in the catalog, to be written into the archive; `nil` for a directory.
    ///   - recipients: for whom the archive is encrypted; `nil` for everybody.
    ///   - keys: what opens the archives before this one, if they are encrypted.
    ///   - source: how what uses the data can be kept still.
    package init(
        _ root: SharedDescriptor, _ request: BackupRequest, volume: Volume?, recipients: EncryptionKeys?,
        keys: DecryptionKeys = .none, source: LiveSource = LiveSource(), checkpoint: Checkpoint
    ) {
        reading = StillReading(
            root, request.consistency, source, name: request.source.description, checkpoint: checkpoint)
        self.root = root
        self.request = request
        self.volume = volume
        self.recipients = recipients
        self.keys = keys
        self.checkpoint = checkpoint
    }

    /// - Throws: when the archive cannot be written or the source cannot be listed at all; nothing is left then, except after an
    ///   interruption what the next run can take up (``InterruptedBackups``). Files that change or cannot be read are no failure:
    ///   the report names them.
    package func run() throws(StorageError) -> BackupReport {
        let clock = ContinuousClock()
        let start = clock.now
        var origin = makeOrigin()
        let (previous, remarks, notices) = try previousBackup(origin)
        let left = interruptedBackups(origin, after: previous)
        if let previous, let report = try reportWithoutReading(previous, origin, remarks, since: start) {
            left.discard()
            return report
        }
        let kept = left.joined(with: previous)
        origin.sliceKey = kept?.sliceKey ?? .random()
        let outcome: TreeArchiver.Outcome
        let (archive, swept): (String, Int)
        do throws(StorageError) {
            (outcome, archive, swept) = try write(origin, kept)
        } catch {
            // What is left of earlier runs must not keep the next ones from having room.
            if error.code == .noSpace { left.discard() }
            throw error
        }
        left.discard()
        let elapsed = start.duration(to: clock.now)
        let totals = outcome.totals
        var report = BackupReport(
            archive: archive, source: request.source, entries: totals.entries, sourceBytes: totals.sourceBytes,
            archiveBytes: totals.archiveBytes, reusedFrames: totals.reusedFrames,
            newFrames: totals.frames - totals.reusedFrames, reusedBytes: totals.reusedBytes,
            changedDuringRead: outcome.changed, skipped: outcome.skipped + reading.skipped, seconds: elapsed.seconds,
            tableDigest: totals.tableDigest)
        report.consistency = reading.report
        report.previous = previous?.path
        (report.altered, report.reasons) = (outcome.altered, outcome.reasons)
        if totals.resumedFrames > 0, let partial = left.path {
            report.resumed = ResumedRun(
                partial: partial, reusedFrames: totals.resumedFrames, reusedBytes: totals.resumedBytes)
        }
        report.remarks = remarks + (previous.map { damage(in: $0, kept) } ?? [])
        report.notices = notices
        if swept > 0 && isEncrypted {
            report.notices.append("what an interrupted run left was removed: an encrypted archive cannot be resumed")
        }
        return report
    }

    var isEncrypted: Bool { recipients != nil }

    /// - Returns: what was written, its path, and how many files of dead writers were removed.
    private func write(
        _ origin: ArchiveOrigin, _ kept: PreviousArchive?
    ) throws(StorageError) -> (TreeArchiver.Outcome, String, sweptFiles: Int) {
        switch request.destination {
        case .standardOutput: return (try stream(origin, kept), "-", 0)
        case .file(let path):
            try refuseMisleadingName(path)
            let (directory, name) = HostPath.split(path)
            try refuseDestinationInside(directory, named: path)
            try refuseExisting(name, in: directory, path)
            return try publish(in: directory, [name], origin, kept, replaces: request.replacesExistingFile)
        case .directory(let path):
            try refuseDestinationInside(path, named: path)
            let directory = try DestinationLayout.makeDirectory(for: request.source, below: path)
            let names = DestinationLayout.names(origin.startedAt, isEncrypted: isEncrypted)
            return try publish(in: directory, names, origin, kept, replaces: false)
        }
    }

    private func makeOrigin() -> ArchiveOrigin {
        ArchiveOrigin(
            source: request.source.description, engine: request.source.engine,
            volumeName: volume?.name.rawValue ?? "", driver: volume?.driver ?? "", options: volume?.options ?? [:],
            labels: volume?.labels ?? [:], host: Host.name, startedAt: .now, encoder: Encoder.identity,
            level: request.level, tags: request.tags)
    }

    private func archive(
        to sink: FileSink, _ origin: ArchiveOrigin, _ kept: PreviousArchive?, _ journal: RunJournal? = nil
    ) throws(StorageError) -> TreeArchiver.Outcome {
        checkpoint.progress.begin("backing up \(request.source)", totalEntries: nil, totalBytes: nil)
        let counting = startCounting()
        defer { counting?.finish() }
        guard let recipients else { return try archiveTree(to: sink, origin, kept, journal) }
        let encrypted = try EncryptedSink(sink, recipients)
        var outcome = try archiveTree(to: encrypted, origin, kept, nil)
        outcome.totals.archiveBytes = try encrypted.finish()
        return outcome
    }

    private func archiveTree(
        to sink: any ArchiveSink, _ origin: ArchiveOrigin, _ kept: PreviousArchive?, _ journal: RunJournal?
    ) throws(StorageError) -> TreeArchiver.Outcome {
        var options = TreeArchiver.Options(
            level: request.level, threads: request.threads ?? WorkerPool.defaultThreads)
        options.keepsReasons = request.explainsChanges
        options.readPace = Pace(RateLimit(request.limits.readBytesPerSecond), until: checkpoint.interruption)
        try reading.begin()
        do throws(StorageError) {
            options.originals = reading.takeOriginals()
            options.reuse = try kept.map { (kept) throws(StorageError) in
                try makeReuse(of: kept, origin, options.originals)
            }
            let outcome = try TreeArchiver.archive(
                reading.data, to: sink, origin: origin, options: options, journal: journal, checkpoint: checkpoint,
                observe: reading.observer
            ) { origin in
                reading.endOfReading()
                origin.consistency = reading.report.method.rawValue
            }
            reading.finish(changed: outcome.changed)
            return outcome
        } catch {
            reading.discard()
            throw error
        }
    }

    private var writePace: Pace {
        Pace(RateLimit(request.limits.writeBytesPerSecond), until: checkpoint.interruption)
    }

    /// Counts the tree beside the backup, if somebody looks at the progress: the counting is faster by far.
    private func startCounting() -> WorkerPool? {
        guard checkpoint.progress.wantsTotals else { return nil }
        let pool = WorkerPool(threads: 1)
        let (root, progress) = (root, checkpoint.progress)
        pool.submit {
            do throws(FileError) {
                let usage = try UsageScan.totals(of: root.descriptor, threads: 1)
                progress.expect(totalEntries: usage.files + usage.directories, totalBytes: usage.apparentBytes)
            } catch {
                progress.warn("the source cannot be counted: \(error.errno)")
            }
        }
        return pool
    }

    /// Whether something changed is asked of the source itself, also where a clone of it is read. In a snapshot, everything has
    /// the inode numbers and times of the source, and only the device is another.
    func makeReuse(
        of kept: PreviousArchive, _ origin: ArchiveOrigin, _ originals: OriginalEntries? = nil
    ) throws(StorageError) -> ArchiveReuse {
        let asked = originals == nil ? reading.data : root
        return try ArchiveReuse(
            kept, root: asked.descriptor, originals: originals, startedAt: origin.startedAt,
            rereadShare: request.rereadShare)
    }

    private func stream(_ origin: ArchiveOrigin, _ kept: PreviousArchive?) throws(StorageError) -> TreeArchiver.Outcome
    {
        let output: SharedDescriptor
        do throws(FileError) {
            output = SharedDescriptor(try Descriptor.standardOutput())
        } catch {
            throw StorageError(error, doing: "write to standard output", object: "-")
        }
        let sink = FileSink(output, name: "standard output", startsWriteback: false, pace: writePace)
        return try archive(to: sink, origin, kept)
    }

    private func publish(
        in directory: String, _ names: some Sequence<String>, _ origin: ArchiveOrigin, _ kept: PreviousArchive?,
        replaces: Bool
    ) throws(StorageError) -> (TreeArchiver.Outcome, String, sweptFiles: Int) {
        let publication = try ArchivePublication(inDirectory: directory)
        // Notes tell names, which nobody is to read who cannot read the archive.
        let journal = recipients == nil ? publication.makeJournal(origin) : nil
        let outcome: TreeArchiver.Outcome
        do throws(StorageError) {
            let sink = try publication.makeSink(isDurable: request.isDurable, pace: writePace)
            outcome = try archive(to: sink, origin, kept, journal)
            try checkpoint.interruption.check()
        } catch {
            if error.code == .interrupted, journal?.hasNotes == true { publication.leave() }
            throw error
        }
        let name = try publication.publish(names, replaces: replaces, isDurable: request.isDurable)
        return (outcome, HostPath.join(HostPath.absolute(directory), name), publication.sweptFiles)
    }

    /// Who reads `.age` believes that the file is encrypted.
    private func refuseMisleadingName(_ path: String) throws(StorageError) {
        guard recipients == nil, path.hasSuffix(DestinationLayout.encryptedSuffix) else { return }
        throw StorageError(
            .invalidInput, object: path, "'\(path.printable())' is the name of an encrypted archive",
            hint: "say for whom it is encrypted: --recipient, --recipients-file or --passphrase-file")
    }

    private func refuseExisting(_ name: String, in directory: String, _ path: String) throws(StorageError) {
        guard !request.replacesExistingFile, HostPath.exists(name, in: directory) else { return }
        throw StorageError(
            .conflict, object: path, "'\(path.printable())' exists",
            hint: "choose another name, or replace it with --force")
    }

    /// An archive inside its own source would contain itself, and the next one both. Looks before anything is made, from
    /// the nearest directory that exists upwards.
    private func refuseDestinationInside(_ directory: String, named name: String) throws(StorageError) {
        do throws(FileError) {
            let identity = try root.descriptor.status().identity
            var current = try Descriptor.openDirectory(
                atHostPath: try HostPath.nearestDirectory(to: directory).existing)
            while true {
                let status = try current.status()
                if status.identity == identity { break }
                let above = try Descriptor.openDirectory(atHostPath: "/proc/self/fd/\(current.rawValue)/..")
                if try above.status().identity == status.identity { return }
                current = consume above
            }
        } catch {
            throw StorageError(error, doing: "open destination '\(name.printable())'", object: name)
        }
        throw StorageError(
            .conflict, object: name, "the destination '\(name.printable())' lies inside of \(request.source)",
            hint: "choose a destination outside: the archive would contain itself")
    }
}

/// Which program wrote an archive, and which version of the rules by which it cut and encoded.
package enum Encoder {
    package static let version = "0.1.0"
    static let identity = "holdfast \(version); encoding 1"
}

extension Duration {
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
