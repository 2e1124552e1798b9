internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container prune`: removes containers that nothing uses.
struct ContainerPrune: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove all containers that are neither mounted nor running.",
        discussion: helpText(
            "Asks on a terminal, never in a script.",
            examples: ["holdfast container prune", "holdfast container prune --dry-run"]))

    @OptionGroup var prune: PruneOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        try prune.confirm("Remove all containers that are neither mounted nor running?", console)
        let removed = try store.pruneContainers(isDryRun: prune.dryRun, checkpoint: console.checkpoint)
        if output.json { return try console.print(.array(removed.map(json))) }
        for removal in removed { try console.print(removal.container.name.rawValue + "\n") }
        let bytes = removed.reduce(0) { $0 + ($1.reclaimedBytes ?? 0) }
        console.remark("\(prune.dryRun ? "would reclaim" : "reclaimed") \(bytes.asBytes)")
    }

    private func json(_ removal: ContainerRemoval) -> JSONValue {
        [
            "id": .string(removal.container.id.rawValue), "name": .string(removal.container.name.rawValue),
            "reclaimedBytes": .optional(removal.reclaimedBytes),
        ]
    }
}
