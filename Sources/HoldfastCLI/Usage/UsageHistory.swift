internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast usage history`: shows how sources grew, and when their space ends.
struct UsageHistory: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show how sources grew, how fast they grow and when their space ends.",
        discussion: helpText(
            """
            Every scan of 'holdfast usage' adds a sample to the history in the store. Growth is the median slope between all \
            pairs of samples (Theil-Sen), which single outliers do not change; the days left are what is available on the file \
            system divided by it, with the interval in which the true value lies with 95 %. There is no forecast from fewer than \
            four samples, from samples that are less than an hour apart, or where the interval includes no growth; the table says why.

            Samples whose times cannot be right, as the clock went back or was in the future, are counted with '!' and left out. \
            All samples of the last 35 days are kept, then one a day, and after 400 days one a week.
            """,
            examples: [
                "holdfast usage history",
                "holdfast usage history pg docker:www --since 7d",
                "holdfast usage history pg --json | jq '.[0].samples[].allocatedBytes'",
            ]))

    @Argument(
        help: ArgumentHelp(
            "NAME, docker:NAME, podman:NAME or dir:/absolute/path. Default: all that have a history.",
            valueName: "source"))
    var sources: [String] = []

    @Option(help: ArgumentHelp("How far back, as 12h, 7d or 8w. Default: 30d.", valueName: "span"))
    var since: String = "30d"

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let wanted = try sources.map { text throws(StorageError) in try SourceReference(text) }
        let now = Timestamp.now
        let start = try Timestamp(since: since, now: now)
        let series = try store.open(console).usageHistory(of: wanted, since: start, now: now)
        if output.json {
            try console.print(.array(series.map(UsageHistoryRow.json)))
        } else if !series.isEmpty || wanted.isEmpty {
            try console.print(UsageHistoryRow.table(series))
        }
        for source in wanted where !series.contains(where: { $0.source == source }) {
            try console.report(
                StorageError(
                    .notFound, object: source.description,
                    "no scan of '\(source.description.printable(limit: 200))' since \(start) is in the history",
                    hint: "holdfast usage \(source.description.printable(limit: 200)) records one"))
        }
    }
}

extension Timestamp {
    /// Parses `7d` as so long ago, or a time by itself.
    init(since text: String, now: Timestamp) throws(StorageError) {
        if let span = TimeSpan(parsing: text) {
            self = now.earlier(by: span)
        } else if let time = Timestamp(parsing: text) {
            self = time
        } else {
            throw StorageError(
                .invalidInput, object: text,
                "--since '\(text.printable(limit: 40))' is neither a length of time nor a time",
                hint: "write it as in 12h, 7d or 2026-03-01T12:00:00Z")
        }
    }
}
