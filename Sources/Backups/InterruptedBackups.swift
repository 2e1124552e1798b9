internal import Archive
internal import FileTree
internal import StorageModel

/// What interrupted runs of the same source left at a destination: killed, stopped by a signal, or ended by a power cut.
///
/// The one that holds most serves the next run as an archive before it. It is held, so that no other run uses or removes it, and
/// goes when a whole archive is there. The others go at once: a run that is interrupted again and again fills no disk.
struct InterruptedBackups {
    /// The absolute path of the file that is used.
    let path: String?
    private let file: ArchiveFile?
    private let all: [AbandonedFile]

    /// None.
    init() { (path, file, all) = (nil, nil, []) }

    /// - Parameters:
    ///   - previous: the whole archive before. What was begun before it serves for nothing.
    ///   - areUsed: whether anything may be taken from them, or they are only held to be removed.
    init(in directory: String, like origin: ArchiveOrigin, after previous: PreviousBackup?, areUsed: Bool) {
        var all: [AbandonedFile] = []
        var best: (file: ArchiveFile, path: String, abandoned: AbandonedFile)?
        // Why: what cannot be listed or read is left to the sweep, or to who may.
        for abandoned in (try? AbandonedFile.find(inDirectory: directory)) ?? [] {
            let journal = (try? abandoned.journal(limitBytes: InterruptedRun.journalLimitBytes)) ?? []
            let other = InterruptedRun.origin(journal: journal)
            if let other, other.source != origin.source || other.host != origin.host { continue }
            all.append(abandoned)
            let isNewer = previous.map { before in other.map { before.isOlder(than: $0) } ?? false } ?? true
            guard areUsed, isNewer, let other, other.encoder == origin.encoder, other.level == origin.level else {
                continue
            }
            let path = HostPath.join(HostPath.absolute(directory), String(decoding: abandoned.name, as: UTF8.self))
            guard let descriptor = try? abandoned.openFile(),
                let file = try? InterruptedRun.open(SharedDescriptor(descriptor), journal: journal, name: path)
            else { continue }
            if best.map({ $0.file.sizeBytes < file.sizeBytes }) ?? true {
                best = (file, path, abandoned)
            }
        }
        if let best {
            for abandoned in all where abandoned !== best.abandoned { abandoned.discard() }
            all = [best.abandoned]
        }
        (path, file, self.all) = (best?.path, best?.file, all)
    }

    /// What is taken from: the run that was interrupted, and the whole archive before it.
    func joined(with previous: PreviousBackup?) -> PreviousArchive? {
        guard let file else { return previous?.archive }
        // Why: without the interrupted run the backup only takes longer.
        return (try? PreviousArchive(partial: file, previous?.file)) ?? previous?.archive
    }

    /// Removes what is held: a whole archive has all that they had.
    func discard() {
        for abandoned in all { abandoned.discard() }
    }
}

extension PreviousBackup {
    fileprivate func isOlder(than other: ArchiveOrigin) -> Bool { file.index.origin.startedAt < other.startedAt }
}
