internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast job run`: backs up what jobs say, with all that belongs to it.
struct JobRunCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run jobs: archives of all sources, copies, retention, checks, metrics and notifications.",
        discussion: helpText(
            """
            A source that fails keeps no other from being backed up, and a destination that fails no other from getting its \
            archives; one that was away gets the older archives that it lacks and would keep. One line on standard error says \
            what came of it. Status 1 if a source or a destination has failed, or if the time was over; 3 if all is there and \
            something is worth a look; 5 if the job is being run already. When it is interrupted or takes longer than \
            --max-time, the archive under way is given up without leaving half of it, and what is complete stays.
            """,
            examples: [
                "holdfast job run nightly.yaml",
                "holdfast job run nightly --quiet",
                "holdfast job run jobs.yaml nightly weekly --wait --json",
                "holdfast job run nightly --splay 10m --max-time 4h",
                "holdfast job run nightly.yaml --init-destination",
            ]))

    @OptionGroup var selection: JobSelection

    @Flag(help: "Wait for another run of the job to end, instead of failing.")
    var wait = false

    @Option(help: ArgumentHelp("Begin after a random time of at most so long: 10m.", valueName: "span"))
    var splay: String?

    @Option(help: ArgumentHelp("Stop a run after so long, whatever the job says: 4h.", valueName: "span"))
    var maxTime: String?

    @Flag(
        name: .customLong("init-destination"),
        help: "Make the missing markers in the destinations of the jobs first, so that these are used from now on.")
    var initDestination = false

    @Flag(name: .shortAndLong, help: "Say nothing of a run that went well.")
    var quiet = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        var options = JobRun.Options()
        options.waits = wait
        options.splaySeconds = try splay.map { text throws(StorageError) in try span(text, "--splay", 0) } ?? 0
        options.maxSeconds = try maxTime.map { text throws(StorageError) in try span(text, "--max-time", 1) }
        options.initializesDestinations = initDestination
        var reports: [JobReport] = []
        for found in try selection.found(console) {
            do throws(StorageError) {
                let report = try JobRun(found.job, root: store.root, options: options).run(console.checkpoint)
                reports.append(report)
                try announce(report, console)
            } catch {
                if error.code == .interrupted { break }
                try console.report(error)
            }
            // The time of the start is put off once, not for each job.
            options.splaySeconds = 0
            if Signals.interruption.isRequested { break }
        }
        if output.json { try console.print(.array(reports.map(\.json))) }
        if Signals.interruption.isRequested { throw StorageError.interrupted }
    }

    private func announce(_ report: JobReport, _ console: Console) throws(StorageError) {
        for warning in report.warnings { console.mention("\(report.job): \(warning)") }
        for source in report.sources {
            for warning in source.warnings { console.mention("\(source.source): \(warning)") }
            let more = source.warningCount - UInt64(source.warnings.count)
            if more > 0 { console.mention("\(source.source): \(more.grouped) more warnings") }
        }
        for failure in report.failures {
            console.tell("holdfast: \(report.job): \(failure)")
        }
        switch report.outcome {
        case .success: break
        case .warning: console.note(.warnings)
        case .failure: console.note(.failed)
        }
        if !quiet || report.outcome != .success { console.tell(report.summary) }
    }

    private func span(_ text: String, _ option: String, _ least: Int64) throws(StorageError) -> Int64 {
        try TimeSpan(text, of: option, as: "90s, 10m or 4h", least: least).seconds
    }
}
