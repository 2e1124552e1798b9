internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast usage diff`: scans a source and says what changed since an earlier scan.
struct UsageDiff: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Say what grew, shrank, appeared and vanished in a source since an earlier scan.",
        discussion: helpText(
            """
            Scans the source and compares its directories with those of the last scan at or before --since in the history, or \
            the first after it. A directory whose change is that of one directory in it is left out for that one; what is in a \
            directory that appeared or vanished is not listed again. A scan keeps the 2,000 largest directories: of one that was \
            not among them '<' and a figure say how large it can have been. The new scan is added to the history.
            """,
            examples: [
                "holdfast usage diff pg",
                "holdfast usage diff docker:www --since 7d",
                "holdfast usage diff dir:/srv --since 2026-03-01 --top 5 --json",
            ]))

    @Argument(help: ArgumentHelp("NAME, docker:NAME, podman:NAME or dir:/absolute/path.", valueName: "source"))
    var source: String

    @Option(
        help: ArgumentHelp(
            "Compare with the scan of this time, or so long ago. Default: the last one.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("List so many directories at most.", valueName: "n"))
    var top = 20

    @Flag(name: .customLong("no-history"), help: "Do not add the new scan to the history.")
    var noHistory = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func validate() throws {
        if !(1...100_000).contains(top) { throw ValidationError("--top is 1 to 100000.") }
    }

    func execute(_ console: Console) throws {
        let reference = try SourceReference(source)
        let time = try since.map { text throws(StorageError) in try Timestamp(since: text, now: .now) }
        let store = try store.open(console)
        guard let outcome = try HistoryScan.run([reference], store: store, checkpoint: console.checkpoint).first else {
            return
        }
        let report = try outcome.result.get()
        let difference: UsageDifference
        do throws(StorageError) {
            difference = try store.usageDifference(report, since: time)
        } catch {
            // Without an earlier scan this one is at least there for the next comparison.
            if error.code == .notFound && !noHistory { console.record([report], in: store) }
            throw error
        }
        if output.json {
            try console.print(UsageDiffRow.json(difference, limit: top))
        } else {
            try console.print(UsageDiffRow.summary(difference))
            let table = UsageDiffRow.table(difference, limit: top)
            if !difference.changes.isEmpty { try console.print(table) }
        }
        if difference.isLowerBound {
            console.mention("not everything could be read: the figures are lower bounds")
            console.note(.warnings)
        }
        if !noHistory { console.record([report], in: store) }
    }
}
