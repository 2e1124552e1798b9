internal import ArgumentParser
internal import Glibc
internal import Holdfast
internal import StorageModel

/// `holdfast usage SOURCE…`: scans volumes and directories and reports what they take.
struct UsageScanCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Scan volumes and directories, and report what they take.",
        discussion: helpText(
            """
            Counts as du counts: blocks on disk, every inode once, directories and the root too; what is mounted below is left \
            out. Each source is counted in full; 'shared' is what other sources of the command have names of too, and the total \
            has it once. A figure behind ≥ is a lower bound: something could not be read, or the scan was ended by Ctrl-C or \
            --max-time; the exit status is 3 then, or 130.

            --top lists the largest files and directories: a directory that is large because of one thing in it gives way to \
            that. --by sorts into ages, owners or types, --histogram into powers of two. --duplicates reads files of equal size \
            and says what sharing their blocks would free. --ncdu writes what 'ncdu -f' and gdu show, --from-ncdu reads it. \
            --html writes one page with a treemap to look into, the history and tables, --svg the treemap alone. Where there is \
            a store, every scan is added to its history (usage history, usage diff).
            """,
            examples: [
                "holdfast usage pg www",
                "holdfast usage --all --filter unused=30d",
                "holdfast usage docker:pg podman:www dir:/srv/data --json",
                "holdfast usage pg --top 20 --apparent",
                "holdfast usage pg --depth 2",
                "holdfast usage --all --by age --csv > ages.csv",
                "holdfast usage pg --duplicates --min-size 1MiB",
                "holdfast usage pg --ncdu - | ncdu -f -",
                "holdfast usage pg --max-time 30s --io-budget 500",
                "holdfast usage pg --watch=5",
                "holdfast usage --all --html usage.html",
                "holdfast usage --all --openmetrics /var/lib/prometheus/node-exporter/holdfast.prom",
            ]))

    @Argument(
        help: ArgumentHelp("What to scan: NAME, docker:NAME, podman:NAME or dir:/absolute/path.", valueName: "source"))
    var sources: [String] = []

    @OptionGroup var selection: SourceSelection
    @OptionGroup(title: "What to Report") var lists: UsageListOptions
    @OptionGroup(title: "What to Write") var pictures: UsagePictureOptions
    @OptionGroup(title: "How to Scan") var scanning: UsageScanOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "Print CSV with the names of the JSON as columns.")
    var csv = false

    @Option(
        help: ArgumentHelp("Write the one source as an export of ncdu; - is standard output.", valueName: "file"),
        completion: .file())
    var ncdu: String?

    @Option(
        name: .customLong("from-ncdu"),
        help: ArgumentHelp("Report on an export of ncdu instead of scanning; - is standard input.", valueName: "file"),
        completion: .file())
    var fromNcdu: String?

    @Option(
        defaultAsFlag: 2, parsing: .next,
        help: ArgumentHelp("Scan again every so many seconds until Ctrl-C. Default: 2.", valueName: "seconds"))
    var watch: Int? = nil

    var printsJSON: Bool { output.json }

    func validate() throws {
        if fromNcdu == nil {
            try selection.validate(besides: sources)
        } else if !sources.isEmpty || selection.all || !selection.filter.isEmpty || watch != nil {
            throw ValidationError("--from-ncdu takes the place of sources and is read once.")
        }
        if scanning.maxAge != nil && (lists.count > 0 || ncdu != nil || pictures.needsTree || fromNcdu != nil) {
            throw ValidationError("--max-age answers with totals: what looks into a source needs a scan.")
        }
        if csv && output.json { throw ValidationError("--csv and --json exclude each other.") }
        if csv && lists.count > 1 { throw ValidationError("--csv prints one list: choose one.") }
        if ncdu == "-" && (csv || output.json || lists.count > 0 || pictures.takesOutput) {
            throw ValidationError("--ncdu - takes standard output for itself.")
        }
        if pictures.takesOutput && (csv || output.json) {
            throw ValidationError("A file named - takes standard output for itself.")
        }
        if let watch, !(1...86_400).contains(watch) { throw ValidationError("--watch is 1 to 86400 seconds.") }
    }

    func execute(_ console: Console) throws {
        let view = UsageView(lists: try lists.parse(), format: csv ? .csv : output.json ? .json : .table)
        if let fromNcdu {
            let report = try UsageExports.read(fromNcdu)
            try show(report, view, console)
            return try pictures.write(report.reports, .init(), console)
        }
        let request = try request(view, console)
        if request.sources.isEmpty { return try view.print(UsageRunReport(), console) }
        let needsStore = request.sources.contains { $0.engine == EngineOption.Engine.holdfast.rawValue }
        // What other engines and directories take is kept where there is a store, and makes none.
        let opened = needsStore ? try store.open(console) : pictures.noHistory ? nil : try store.existing()
        guard let watch else { return _ = try scan(request, opened, view, console) }
        try scanAgain(every: watch, request, opened, view, console)
    }

    /// Scans again and again until Ctrl-C. A terminal shows the last scan, and how the sources grew since the first.
    private func scanAgain(
        every seconds: Int, _ request: UsageRequest, _ opened: Store?, _ view: UsageView, _ console: Console
    ) throws {
        let draws = Terminal.drawsBlocks && view.format == .table
        var view = view
        while true {
            if draws { try console.print(Terminal.clearing + (view.baseline?.heading(everySeconds: seconds) ?? "")) }
            let report = try scan(request, opened, view, console)
            try console.flush()
            if draws { view.baseline = view.baseline ?? UsageBaseline(report) }
            for _ in 0..<(seconds * 20) where !Signals.interruption.isRequested { usleep(50_000) }
            if Signals.interruption.isRequested { return console.note(.interrupted) }
        }
    }

    private func request(_ view: UsageView, _ console: Console) throws(StorageError) -> UsageRequest {
        var request = UsageRequest(sources: try selection.sources(named: sources, store, console))
        if ncdu != nil && request.sources.count != 1 {
            throw StorageError(
                .invalidInput, object: "--ncdu", "an export of ncdu has one source, not \(request.sources.count)",
                hint: "name one source")
        }
        request.threads = threads.threads
        request.recordsTree = view.lists.needsTree || ncdu != nil || pictures.needsTree
        request.duplicatesFromBytes = view.lists.duplicatesFromBytes
        request.namesOwners = view.lists.groupings.contains(.owner) && view.lists.mapping == nil
        try scanning.apply(to: &request)
        return request
    }

    private func scan(
        _ request: UsageRequest, _ store: Store?, _ view: UsageView, _ console: Console
    ) throws -> UsageRunReport {
        let report = try measure(request, store, console)
        if let ncdu, let first = report.reports.first {
            try UsageExports.write(first, to: ncdu, version: HoldfastCommand.version) { piece in
                try console.print(bytes: piece)
            }
        }
        try show(report, view, console)
        var background = UsagePictureOptions.Background(store: store)
        // Not every moment of a watch belongs into the history, nor what is counted in another way.
        background.keepsHistory = watch == nil && !scanning.crossFileSystems
        if let span = try scanning.rememberedSpan() { background.reclaimableAge = span }
        try pictures.write(report.reports, background, console)
        return report
    }

    private func measure(
        _ request: UsageRequest, _ store: Store?, _ console: Console
    ) throws(StorageError) -> UsageRunReport {
        guard let span = try scanning.rememberedSpan(), let store else {
            return try UsageScans.run(request, store: store, checkpoint: console.checkpoint)
        }
        let run = try UsageScans.run(request, remembering: span, in: store, checkpoint: console.checkpoint)
        for report in run.reports where report.isRemembered {
            let age = TimeSpan(seconds: max(0, Timestamp.now.seconds - report.scannedAt.seconds))
            console.mention("\(report.source): as scanned \(age.words) ago")
        }
        return run
    }

    private func show(_ report: UsageRunReport, _ view: UsageView, _ console: Console) throws {
        if ncdu != "-" && !pictures.takesOutput { try view.print(report, console) }
        for failure in report.failures { try console.report(failure) }
        for source in report.reports {
            tell(source, console)
            if source.isLowerBound { console.note(.warnings) }
        }
        if let duplicates = report.duplicates, !duplicates.skipped.isEmpty {
            for notice in duplicates.skipped.prefix(Self.limitNotices) {
                console.mention("not compared: '\(notice.path)': \(notice.reason)")
            }
            console.note(.warnings)
        }
        if report.isInterrupted { console.note(.interrupted) }
    }

    private static let limitNotices = 10

    private func tell(_ report: UsageReport, _ console: Console) {
        let (unreadable, source) = (report.unreadable, report.source)
        for notice in unreadable.prefix(Self.limitNotices) {
            console.mention("\(source): '\(notice.path)' cannot be read: \(notice.reason)")
        }
        let told = UInt64(min(unreadable.count, Self.limitNotices))
        let more = report.totals.errors - min(told, report.totals.errors)
        if more > 0 { console.mention("\(source): \(more.grouped) more entries cannot be read") }
    }
}
