internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast df`: what takes the space of the store, and what can be freed.
struct DiskFreeCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "df",
        abstract: "Show what takes the space of the store, and what can be freed.",
        discussion: helpText(
            """
            Sizes are what is taken on disk, as du counts it. RECLAIMABLE is what the file system has more of after all that \
            nothing uses is removed: layers count where every image that needs them goes. -v shows each image with what \
            removing it would really free now, each container, each volume, and a plan: which command frees how much, the \
            largest first, with the figures that its --dry-run gives. The line Unaccounted is the rest of the store's file \
            system: deleted files that processes still have open, which only root sees all of, and whatever else lies there. \
            With --max-age sizes of volumes and containers that an earlier df measured are taken as they are, and their age is \
            shown; layers are measured once, when they are committed. A figure with ≥ may be larger, as something could not \
            be read: exit status 3.
            """,
            examples: [
                "holdfast df",
                "holdfast df -v --max-age 15m",
                "holdfast df --backups /srv/backups",
                "holdfast df --json | jq .volumes.reclaimableBytes",
            ]))

    @Flag(name: .shortAndLong, help: "Show each image, container and volume, and a plan of what to remove.")
    var verbose = false

    @Flag(help: "Show each layer too.")
    var layers = false

    @Option(
        name: .customLong("max-age"),
        help: ArgumentHelp("Take sizes that were measured no longer ago, such as 15m, as they are.", valueName: "span"))
    var maxAge: String?

    @Option(
        help: ArgumentHelp("Count archives below this directory too. Repeatable.", valueName: "dest"),
        completion: .directory)
    var backups: [String] = []

    @OptionGroup var threads: ThreadOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        // Nothing is swept: what crashes left is part of the answer.
        let store = try Store.open(at: store.root, sweeps: false)
        let report = try store.diskFree(
            DiskFreeRequest(maxAge: try age(), backups: backups, threads: threads.threads),
            checkpoint: console.checkpoint)
        for failure in report.failures { console.mention(failure.message) }
        for text in Self.unread(report) { console.mention(text) }
        if report.isLowerBound { console.note(.warnings) }
        if output.json { return try console.print(DiskFreeJSON(report, showsLayers: layers).document) }
        let tables = DiskFreeTables(report, root: self.store.root)
        try console.print(tables.summary)
        try console.print(tables.notes)
        guard verbose || layers else { return }
        for (title, table) in verbose ? tables.details(showsLayers: layers) : tables.layerDetails {
            try console.print("\n\(title)\n")
            try console.print(table)
        }
        if verbose { try console.print(tables.planNotes) }
    }

    /// What was measured without everything in it being read.
    private static func unread(_ report: DiskFreeReport) -> [String] {
        var counts = report.containerItems.map { ("container '\($0.container.name)'", $0.size?.totals.errors ?? 0) }
        counts += report.volumeItems.map { ("volume '\($0.details.volume.name)'", $0.size?.totals.errors ?? 0) }
        counts += report.backupItems.map { ("destination '\($0.destination)'", $0.errors) }
        counts += report.cacheItems.map { ("'\($0.path)' in the store", $0.errors) }
        return counts.filter { $0.1 > 0 }.map { name, count in
            "\(count) \(count == 1 ? "entry" : "entries") of \(name) could not be read: the size is at least so much"
        }
    }

    private func age() throws(StorageError) -> TimeSpan? {
        try maxAge.map { text throws(StorageError) in try TimeSpan(text, of: "--max-age", as: "15m, 2h or 1d") }
    }
}
