internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume prune`: removes volumes that nothing uses.
struct VolumePrune: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove anonymous volumes that nothing uses, and say of each volume what happened and why.",
        discussion: helpText(
            """
            Never removed: protected volumes, volumes of containers (running or not), volumes that a process or a mount uses, \
            and volumes whose driver options put their data elsewhere. Filters as in volume ls; volumes that they leave out \
            are not mentioned. Asks on a terminal, never in a script.
            """,
            examples: [
                "holdfast volume prune --dry-run",
                "holdfast volume prune --filter unused=30d",
                "holdfast volume prune --all --filter label=temporary --filter label!=keep --json",
            ]))

    @Flag(name: .shortAndLong, help: "Remove volumes with names too.")
    var all = false

    @Option(help: ArgumentHelp("Look only at what matches. Repeatable.", valueName: "filter"))
    var filter: [String] = []

    @OptionGroup var prune: PruneOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let filter = try VolumeFilter(parsing: filter)
        let store = try store.open(console)
        try prune.confirm("Remove all \(all ? "" : "anonymous ")volumes that nothing uses?", console)
        let report = try store.pruneVolumes(
            matching: filter, all: all, isDryRun: prune.dryRun, checkpoint: console.checkpoint)
        for entry in report.entries where entry.outcome == .failed {
            try console.report(
                StorageError(
                    .system, object: entry.volume.name.rawValue,
                    "volume '\(entry.volume.name)' was not removed: \(entry.reason)",
                    hint: "mend that and prune again; whatever is half-way is swept by the next command"))
        }
        if output.json { return try console.print(VolumePruneRow.json(report)) }
        if !report.entries.isEmpty {
            try console.print(VolumePruneRow.table(report.entries, isDryRun: prune.dryRun))
        }
        console.remark("\(prune.dryRun ? "would reclaim" : "reclaimed") \(report.reclaimedBytes.asBytes)")
    }
}
