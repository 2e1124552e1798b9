internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup create`: backs up volumes and directories.
struct BackupCreate: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Back up volumes and directories, and print the archives' paths.",
        discussion: helpText(
            """
            A SOURCE is a volume (NAME or holdfast:NAME), a volume of Docker or Podman (docker:NAME, podman:NAME), or a directory \
            (dir:/absolute/path); --all and --filter select volumes, of another engine with --engine. DEST is a directory, where \
            the archive becomes <engine>/<name>/<time>.tar.zst, a .tar.zst file, or - for standard output. A file that changes \
            while it is read never stops a backup: it is listed and the exit status is 3. What fails does not keep the other \
            sources from being backed up. Who uses the data is kept still by --consistency: freeze its containers, clone the \
            data (XFS, btrfs), let them run on, and read the clone.

            Every archive is complete, and costs little: what is unchanged since the newest archive of the same source at DEST is \
            taken from there, neither read nor compressed. Unchanged means the same size, times (ctime too), inode, owner and \
            mode, and not younger than three seconds before that backup. A run that is interrupted or killed leaves what it wrote, \
            and the next one goes on from there.

            With a recipient or a passphrase, archives are encrypted in the format of age and named ….tar.zst.age; \
            age -d FILE | tar --zstd -x restores one without Holdfast. What is unchanged is taken from encrypted archives only \
            with the key that opens them: --identity, or the same passphrase.
            """,
            examples: [
                "holdfast backup create pg --to /srv/backups",
                "holdfast backup create dir:/etc --to /srv/backups/etc.tar.zst --force",
                "holdfast backup create pg www --to /srv/backups --json",
                "holdfast backup create docker:pg --to /srv/backups",
                "holdfast backup create --all --engine docker --to /srv/backups",
                "holdfast backup create --filter label=app=shop --to /srv/backups",
                "holdfast backup create pg --to /srv/backups --recipient age1…",
                "holdfast backup create pg --to /srv/backups --recipient age1… --identity key.txt",
                "holdfast backup create pg --to /srv/backups --consistency freeze --max-freeze 5",
                "holdfast backup create docker:pg --to /srv/backups --exec-before db:'pg_dump -U app -f /data/dump.sql app'",
                "holdfast backup create pg --to - | ssh host holdfast backup restore - --to pg",
            ]))

    @Argument(help: ArgumentHelp("What to back up.", valueName: "source"))
    var sources: [String] = []

    @OptionGroup var selection: SourceSelection

    @Option(
        help: ArgumentHelp("Where to: a directory, a .tar.zst or .tar.zst.age file, or -.", valueName: "dest"),
        completion: .directory)
    var to: String

    @Option(help: ArgumentHelp("zstd level, 1 to 19.", valueName: "n"))
    var level = 3

    @Option(help: ArgumentHelp("Tag the archives, for 'backup forget --keep-tag'. Repeatable.", valueName: "tag"))
    var tag: [String] = []

    @Flag(name: .shortAndLong, help: "Replace an existing file.")
    var force = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the archive is on disk.")
    var noSync = false

    @OptionGroup var limits: LimitOptions
    @OptionGroup var reuse: ReuseOptions
    @OptionGroup var encryption: EncryptionOptions
    @OptionGroup var consistency: ConsistencyOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func validate() throws {
        guard BackupRequest.levels.contains(level) else { throw ValidationError("--level is 1 to 19, not \(level).") }
        try selection.validate(besides: sources)
    }

    func execute(_ console: Console) throws {
        let destination = try BackupDestination(to)
        let recipients = try encryption.read()
        let keys = try encryption.readIdentities()
        let sources = try selection.sources(named: sources, store, console)
        let tags = try ArchiveTags.parse(tag)
        try checkDestination(destination, sources.count)
        let requests = try sources.map { source throws(StorageError) in
            var request = BackupRequest(
                source: source, destination: destination, level: level, threads: threads.threads,
                replacesExistingFile: force, isDurable: !noSync)
            reuse.apply(to: &request)
            request.tags = tags
            request.limits = limits.limits
            request.consistency = try consistency.request(for: source)
            return request
        }
        var reports: [BackupReport] = []
        for request in requests {
            do throws(StorageError) {
                reports.append(try backUp(request, recipients, keys, console))
            } catch {
                try console.report(error)
                continue
            }
            if let report = reports.last { try announce(report, console) }
        }
        guard output.json else { return }
        let document = JSONValue.array(reports.map(BackupReportRow.json))
        if destination == .standardOutput {
            StandardError.write(document.prettyText() + "\n")
        } else {
            try console.print(document)
        }
    }

    /// Opens a store only if a volume is to be backed up, so that directories need none.
    private func backUp(
        _ request: BackupRequest, _ recipients: ArchiveRecipients?, _ keys: ArchiveKeys, _ console: Console
    ) throws(StorageError) -> BackupReport {
        switch request.source {
        case .volume:
            try store.open(console).backUp(
                request, recipients: recipients, keys: keys, checkpoint: console.checkpoint)
        case .directory, .engineVolume:
            try ArchiveFiles.backUp(request, recipients: recipients, keys: keys, checkpoint: console.checkpoint)
        }
    }

    private func checkDestination(_ destination: BackupDestination, _ count: Int) throws(StorageError) {
        if destination == .standardOutput && Terminal.standardOutputIsOne {
            throw StorageError(
                .invalidInput, object: "-", "an archive is not written to a terminal",
                hint: "redirect standard output to a file or a pipe, or name a directory with --to")
        }
        if case .directory = destination { return }
        guard count > 1 else { return }
        throw StorageError(
            .invalidInput, object: to, "\(count) sources do not fit into one archive",
            hint: "back them up one by one, or name a directory with --to")
    }

    private func announce(_ report: BackupReport, _ console: Console) throws {
        if reuse.whyChanged {
            for notice in report.reasons { console.tell("\(notice.path) \(notice.reason)") }
        }
        for notice in report.changedDuringRead + report.skipped + report.altered {
            console.mention("\(report.source): \(notice.path): \(notice.reason)")
        }
        for remark in report.remarks { console.mention("\(report.source): \(remark)") }
        for notice in report.notices { console.remark("\(report.source): \(notice)") }
        consistency.announce(report, console)
        if report.hasWarnings { console.note(.warnings) }
        if !output.json && report.archive != "-" { try console.print(report.archive + "\n") }
        console.remark(BackupReportRow.summary(report))
    }
}
