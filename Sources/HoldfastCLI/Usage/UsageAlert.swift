internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast usage alert`: a plugin for Nagios, Icinga and what speaks their language.
struct UsageAlert: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "alert",
        abstract: "Check free space, growth, days left and the age of backups, as a Nagios plugin.",
        discussion: """
            One line with the worst state, performance data behind '|', then one line for each source. Ranges are those of \
            plugins: 80 alerts above 80, 10: below 10, 10:20 outside of it, @10:20 inside of it; in -w, -c, --growth and \
            --backup-age values take units (80%, 5GiB, 26h).

            -w and -c look at the file system that holds the source, in per cent as df computes them (used of used and \
            available), or in bytes used. --days-left and --growth need a history of four samples over an hour at least: \
            without a forecast there is no alert. The nearer end counts, of the source's own growth and of its file system's. \
            Each source is scanned, unless the history has a scan that is no older than --max-age; the scan is added to the history. \
            Without a source all volumes of the store are meant. --backup-age looks into --backups, or without it into all \
            places of the job files, for the newest archive of each source.

            EXAMPLES:
              holdfast usage alert -w 80% -c 90% --days-left 14:7 --growth 5GiB/d --backup-age 26h:50h
              holdfast usage alert -w 80% -c 90% pg www
              holdfast usage alert --days-left 14:7 --filter label=app
              holdfast usage alert --backup-age 26h:50h --backups /srv/backups pg
              holdfast usage alert -c 95% --max-age 1h --json pg

            EXIT STATUS (other than that of all other commands):
                0  OK
                1  WARNING
                2  CRITICAL
                3  UNKNOWN: also a wrong command line, a missing source, an interruption
            """)

    @Argument(
        help: ArgumentHelp("NAME, docker:NAME, podman:NAME or dir:/absolute/path.", valueName: "source"))
    var sources: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Warn at so much of the file system.", valueName: "range"))
    var warning: String?

    @Option(name: [.short, .long], help: ArgumentHelp("Critical at so much of the file system.", valueName: "range"))
    var critical: String?

    @Option(help: ArgumentHelp("Warn below so many days left, and critical below the second.", valueName: "days:days"))
    var daysLeft: String?

    @Option(help: ArgumentHelp("Warn at faster growth, as 5GiB/d; critical at the second.", valueName: "rate:rate"))
    var growth: String?

    @Option(help: ArgumentHelp("Warn at older backups, as 26h, and critical at the second.", valueName: "span:span"))
    var backupAge: String?

    @Option(
        help: ArgumentHelp("The directory with the archives. Default: those of the job files.", valueName: "dest"),
        completion: .directory)
    var backups: String?

    @Option(help: ArgumentHelp("Take a scan from the history that is no older, as 15m.", valueName: "span"))
    var maxAge: String?

    @Option(help: ArgumentHelp("How much history counts. Default: 30d.", valueName: "span"))
    var since: String = "30d"

    @Flag(name: .customLong("no-history"), help: "Do not add scans to the history.")
    var noHistory = false

    @OptionGroup var selection: SourceSelection
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    /// A check that is named no source is one of all volumes.
    private var chosen: SourceSelection {
        var chosen = selection
        if sources.isEmpty && !selection.selects { chosen.all = true }
        return chosen
    }

    func validate() throws { try chosen.validate(besides: sources) }

    func execute(_ console: Console) throws {
        let rules = try AlertArguments.rules(
            warning: warning, critical: critical, daysLeft: daysLeft, growth: growth, backupAge: backupAge)
        if rules.isEmpty {
            throw StorageError(
                .invalidInput, "there is nothing to check",
                hint: "give -w, -c, --days-left, --growth or --backup-age")
        }
        let places = rules.backupAgeSeconds.isEmpty ? [] : try backupPlaces()
        let now = Timestamp.now
        let start = try Timestamp(since: since, now: now)
        let newest = try maxAge.map { text throws(StorageError) in
            now.earlier(by: try TimeSpan(text, of: "--max-age", as: "15m, 26h or 7d"))
        }
        let wanted = try chosen.sources(named: sources, store, console)
        let opened = try open(wanted, console)
        let measured = try measure(wanted, in: opened, newerThan: newest, console)
        let alerts = try UsageAlerts.check(
            measured, rules: rules, store: opened, backups: places, since: start, now: now,
            checkpoint: console.checkpoint)
        if output.json {
            try console.print(AlertText.json(alerts))
        } else {
            try console.print(AlertText.text(alerts))
        }
        let state = alerts.map(\.state).max() ?? .unknown
        try console.finish()
        throw ExitCode(state.rawValue)
    }

    private func backupPlaces() throws(StorageError) -> [String] {
        if let backups { return [backups] }
        let places = try JobFiles.destinations()
        guard places.isEmpty else { return places }
        throw StorageError(
            .invalidInput, object: "--backup-age",
            "--backup-age needs to know where the backups are, and no job file of '\(JobFiles.directory.printable())' says it",
            hint: "name the directory with --backups")
    }

    /// Directories and volumes of other engines need no store; they have a history if there is one.
    private func open(_ sources: [SourceReference], _ console: Console) throws(StorageError) -> Store? {
        if sources.contains(where: { if case .volume = $0 { true } else { false } }) { return try store.open(console) }
        return try store.existing()
    }

    private func measure(
        _ sources: [SourceReference], in store: Store?, newerThan newest: Timestamp?, _ console: Console
    ) throws(StorageError) -> [(source: SourceReference, result: Result<UsageSample, StorageError>)] {
        var result: [(source: SourceReference, result: Result<UsageSample, StorageError>)] = []
        for source in sources {
            if let newest, let last = try store?.lastUsage(of: source), last.scannedAt >= newest {
                // The file system may have filled up meanwhile: it is asked all the same.
                let room = Result { () throws(StorageError) in
                    try SourceRoom.of(source, in: store, checkpoint: console.checkpoint)
                }
                result.append((source, room.map { last.with($0) }))
                continue
            }
            for outcome in try HistoryScan.run([source], store: store, checkpoint: console.checkpoint) {
                if let store, !noHistory, case .success(let report) = outcome.result {
                    // Even where the history cannot be written the state is what counts.
                    do throws(StorageError) {
                        try store.recordUsage([report])
                    } catch {
                        console.mention("the history was not kept: \(error.message)")
                    }
                }
                result.append((source, outcome.result.map { UsageSample($0) }))
            }
        }
        return result
    }
}

extension UsageSample {
    /// The same, with what the file system says now.
    fileprivate func with(_ room: FileSystemRoom) -> UsageSample {
        UsageSample(scannedAt: scannedAt, totals: totals, isPartial: isPartial, space: room)
    }
}
