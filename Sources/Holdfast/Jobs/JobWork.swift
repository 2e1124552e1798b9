internal import Backups
internal import FileTree
internal import Jobs
internal import StorageModel

/// The work of one run of a job, step by step into its report.
struct JobWork {
    let job: Job
    private let root: String
    private let initializes: Bool
    let checkpoint: Checkpoint
    var report: JobReport
    var destinations: [GuardedDestination] = []
    /// Which sources each destination has got something of, by its path.
    var served: [String: [SourceReference]] = [:]
    private var openedStore: Store?
    /// What opens the archives before.
    private var keys = ArchiveKeys.none

    init(_ job: Job, root: String, _ report: JobReport, initializes: Bool, _ checkpoint: Checkpoint) {
        (self.job, self.root, self.initializes, self.checkpoint) = (job, root, initializes, checkpoint)
        self.report = report
    }

    mutating func perform() -> JobReport {
        openDestinations()
        let recipients: ArchiveRecipients?
        do throws(StorageError) {
            keys = try openingKeys(job.identityFiles)
            recipients = try job.encryption.map { request throws(StorageError) in try ArchiveRecipients(request) }
        } catch {
            note(error)
            return report
        }
        for source in expandedSources() {
            if checkpoint.interruption.isRequested {
                report.sources.append(
                    JobSourceReport(source: source.description, error: "not begun: the run was stopped"))
            } else {
                report.sources.append(backUp(source, recipients))
            }
        }
        for destination in destinations { tidy(destination) }
        catchUp()
        return report
    }

    /// A passphrase opens what it encrypts.
    private func openingKeys(_ identityFiles: [String]) throws(StorageError) -> ArchiveKeys {
        let passphrase = job.encryption?.passphraseFile
        if identityFiles.isEmpty && passphrase == nil { return .none }
        return try ArchiveKeys(DecryptionRequest(identityFiles: identityFiles, passphraseFile: passphrase))
    }

    private mutating func note(_ error: StorageError) { report.errors.append(Self.text(error)) }

    /// An error in one line, with what is behind it.
    static func text(_ error: StorageError) -> String {
        ([error.message] + error.causes + (error.hint.map { [$0] } ?? [])).joined(separator: "; ")
    }

    // MARK: Before

    private mutating func openDestinations() {
        for destination in job.destinations {
            do throws(StorageError) {
                if initializes { _ = try GuardedDestination.initialize(destination) }
                destinations.append(try GuardedDestination(destination))
            } catch {
                note(error)
            }
        }
    }

    /// The sources that are meant, each once, in the order of the job.
    private mutating func expandedSources() -> [SourceReference] {
        var sources: [SourceReference] = []
        for source in job.sources {
            switch source {
            case .named(let reference): sources.append(reference)
            case .selected(let conditions, let engine):
                do throws(StorageError) { sources += try select(conditions, engine) } catch { note(error) }
            }
        }
        // That there are none is worth a warning: a job that backs up nothing should not go unseen.
        if sources.isEmpty && report.errors.isEmpty { report.warnings.append("no volume is selected") }
        var known: Set<SourceReference> = []
        return sources.filter { known.insert($0).inserted }
    }

    private mutating func select(
        _ conditions: [String], _ engine: VolumeEngine?
    ) throws(StorageError) -> [SourceReference] {
        let filter = try VolumeFilter(parsing: conditions)
        guard let engine else { return try store().volumes(matching: filter).map { .volume($0.name) } }
        let list = try EngineVolumes.list(engine, matching: filter, checkpoint: checkpoint)
        if !list.unnamed.isEmpty {
            report.warnings.append(
                "\(list.unnamed.count) volumes of \(engine.rawValue) have names that cannot be backed up")
        }
        return list.volumes.map { .engineVolume($0.reference) }
    }

    /// Opened only for what needs it, so that directories and other engines' volumes need no store.
    private mutating func store() throws(StorageError) -> Store {
        if let openedStore { return openedStore }
        let store = try Store.open(at: root)
        openedStore = store
        return store
    }

    // MARK: One source

    private mutating func backUp(_ source: SourceReference, _ recipients: ArchiveRecipients?) -> JobSourceReport {
        let start = ContinuousClock.now
        var row = JobSourceReport(source: source.description, outcome: .success)
        var rest = destinations[...]
        var reasons: [String] = []
        // The first destination that is still what it was.
        while let destination = rest.popFirst() {
            do throws(StorageError) { try destination.check() } catch {
                reasons.append(Self.text(error))
                row.copies.append(
                    JobCopyReport(destination: destination.destination.path, error: Self.text(error)))
                continue
            }
            do throws(StorageError) {
                let made = try make(source, at: destination.destination.path, recipients)
                fill(&row, made)
                served[destination.destination.path, default: []].append(source)
                copy(made, source, to: rest, &row)
            } catch {
                row.outcome = .failure
                row.error = failure(error)
            }
            row.seconds = Self.seconds(since: start)
            return row
        }
        row.copies = []
        row.outcome = .failure
        row.error = reasons.first ?? "no destination can be used"
        return row
    }

    private func failure(_ error: StorageError) -> String {
        guard error.code == .interrupted else { return Self.text(error) }
        return "stopped before it was done; no half archive passes for a whole one"
    }

    private mutating func make(
        _ source: SourceReference, at destination: String, _ recipients: ArchiveRecipients?
    ) throws(StorageError) -> BackupReport {
        var request = BackupRequest(
            source: source, destination: .directory(destination), level: job.level, threads: job.threads)
        request.rereadShare = job.rereadShare
        request.whenUnchanged = job.whenUnchanged
        request.tags = job.tags
        request.limits = job.limits
        var engine: VolumeEngine?
        if case .engineVolume(let reference) = source { engine = reference.engine }
        let hook = { [engine] (hook: JobHook) throws(StorageError) in try hook.hook(of: engine) }
        request.consistency = ConsistencyRequest(
            mode: job.consistency, maxFreezeSeconds: job.maxFreezeSeconds, hooksBefore: try job.hooksBefore.map(hook),
            hooksAfter: try job.hooksAfter.map(hook), hookTimeoutSeconds: job.hookTimeoutSeconds)
        guard case .volume = source else {
            return try ArchiveFiles.backUp(request, recipients: recipients, keys: keys, checkpoint: checkpoint)
        }
        return try store().backUp(request, recipients: recipients, keys: keys, checkpoint: checkpoint)
    }

    private func fill(_ row: inout JobSourceReport, _ made: BackupReport) {
        row.outcome = made.hasWarnings ? .warning : .success
        row.archive = made.archive
        row.isUnchanged = made.isUnchanged
        (row.entries, row.sourceBytes) = (made.entries, made.sourceBytes)
        (row.archiveBytes, row.reusedBytes) = (made.archiveBytes, made.reusedBytes)
        let skipped = made.skipped.filter { !$0.reason.hasPrefix("socket") }
        for notice in made.changedDuringRead + skipped + made.altered + made.consistency.likelyInconsistent {
            row.note("\(notice.path): \(notice.reason)")
        }
        for text in made.remarks + made.consistency.notices { row.note(text) }
        for hook in made.consistency.hooks where hook.hasFailed {
            let how = hook.exitStatus.map { "ended with status \($0)" } ?? "took too long and was killed"
            row.note(
                "the hook \(hook.isBefore ? "before" : "after") '\(hook.hook.command.printable(limit: 80))' \(how)")
        }
    }

    private mutating func copy(
        _ made: BackupReport, _ source: SourceReference, to destinations: ArraySlice<GuardedDestination>,
        _ row: inout JobSourceReport
    ) {
        for destination in destinations {
            let path = destination.destination.path
            do throws(StorageError) {
                try checkpoint.interruption.check()
                try destination.check()
                let copy = try ArchiveCopy(
                    of: made.archive, source: source, limits: job.limits, checkpoint: checkpoint
                ).make(below: path)
                row.copies.append(JobCopyReport(destination: path, archive: copy))
                served[path, default: []].append(source)
            } catch {
                row.copies.append(JobCopyReport(destination: path, error: failure(error)))
            }
        }
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    // MARK: Afterwards

    /// Applies the policy to the sources of which this run has brought something to the destination, and checks archives there.
    private mutating func tidy(_ guarded: GuardedDestination) {
        let destination = guarded.destination
        guard !checkpoint.interruption.isRequested, let sources = served[destination.path] else { return }
        do throws(StorageError) {
            try guarded.check()
            if let retention = destination.retention { try forget(sources, at: destination.path, retention) }
            if let scrub = job.scrub { try self.scrub(destination.path, scrub) }
        } catch {
            switch error.code {
            // What was stopped is no failure of its own: the run says so.
            case .interrupted: break
            case .damaged, .truncated:
                report.damagedArchives += 1
                note(error)
            default: report.warnings.append(Self.text(error))
            }
        }
    }

    private mutating func forget(
        _ sources: [SourceReference], at path: String, _ retention: JobRetention
    ) throws(StorageError) {
        let zone = try retention.zoneName.map { name throws(StorageError) in try TimeZones.named(name) }
        let groups = try ArchiveFiles.forget(
            ForgetRequest(destination: path, sources: sources, policy: retention.policy, zone: zone),
            checkpoint: checkpoint)
        for group in groups {
            report.removedArchives += UInt64(group.remove.count)
            report.freedBytes += group.freedBytes
            report.warnings += group.notices.map { "\(group.source): \($0)" }
            if let refusal = group.refusal { report.warnings.append(Self.text(refusal)) }
        }
    }

    private mutating func scrub(_ path: String, _ scrub: JobScrub) throws(StorageError) {
        let keys = scrub.identityFiles.isEmpty ? keys : try openingKeys(scrub.identityFiles)
        var damaged: [String] = []
        let result = try ArchiveFiles.scrub(path, scrub.budget, keys: keys, checkpoint: checkpoint) { verified in
            guard verified.verdict != .intact else { return }
            let reason = verified.findings.first.map { ": \($0)" } ?? ""
            damaged.append("'\(verified.archive.printable())' is \(verified.verdict.rawValue)\(reason)")
        }
        report.scrubbedArchives += result.verified
        report.damagedArchives += result.damaged + UInt64(result.knownDamaged.count)
        report.errors += damaged + result.knownDamaged.map { "'\($0.archive.printable())' is \($0.sentence)" }
        guard let first = result.unchecked.first else { return }
        let others = result.unchecked.count == 1 ? "" : "; \(result.unchecked.count - 1) more are not checked either"
        report.warnings.append("'\(first.archive.printable())' is \(first.sentence)\(others)")
    }
}
