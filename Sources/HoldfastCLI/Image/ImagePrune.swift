internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image prune`: removes images that nothing uses.
struct ImagePrune: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove images without a name that no container is made of.",
        discussion: helpText(
            "Asks on a terminal, never in a script.",
            examples: ["holdfast image prune", "holdfast image prune --all --dry-run"]))

    @Flag(name: .shortAndLong, help: "Remove images with names too.")
    var all = false

    @OptionGroup var prune: PruneOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        try prune.confirm(
            "Remove all images \(all ? "" : "without a name ")that no container is made of?", console)
        let removal = try store.pruneImages(all: all, isDryRun: prune.dryRun)
        if output.json { return try console.print(ImageRow.json(removal)) }
        if !removal.images.isEmpty { try console.say(ImageRow.text(removal)) }
        console.remark("\(prune.dryRun ? "would reclaim" : "reclaimed") \(removal.reclaimedBytes.asBytes)")
    }
}
