internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// Sources that are not named one by one.
struct SourceSelection: ParsableArguments {
    @Flag(help: "Every volume, anonymous ones too.")
    var all = false

    @Option(
        help: ArgumentHelp("Every volume that matches, as in 'volume ls'. Repeatable.", valueName: "filter"))
    var filter: [String] = []

    @OptionGroup var engine: EngineOption

    var selects: Bool { all || !filter.isEmpty }

    /// - Throws: for a selection and names at once, for neither, and for an engine without a selection.
    func validate(besides names: [String]) throws {
        if selects && !names.isEmpty {
            throw ValidationError("Name sources, or select them with --all or --filter, not both.")
        }
        if !selects && names.isEmpty { throw ValidationError("Name a source, or select some with --all or --filter.") }
        if !selects && engine.other != nil {
            throw ValidationError(
                "--engine goes with --all or --filter; one volume is named \(engine.engine.rawValue):NAME.")
        }
    }

    /// The sources that are meant. That there are none is worth a warning: a job that backs up nothing should not go unseen.
    func sources(
        named names: [String], _ store: StoreOptions, _ console: Console
    ) throws(StorageError) -> [SourceReference] {
        guard selects else { return try names.map { text throws(StorageError) in try SourceReference(text) } }
        let selected = try select(store, console)
        if selected.isEmpty {
            console.mention("no volume of \(engine.engine.rawValue) is selected")
            console.note(.warnings)
        }
        return selected
    }

    private func select(_ store: StoreOptions, _ console: Console) throws(StorageError) -> [SourceReference] {
        let filter = try VolumeFilter(parsing: filter)
        guard let other = engine.other else {
            return try store.open(console).volumes(matching: filter).map { .volume($0.name) }
        }
        let list = try EngineVolumes.list(other, matching: filter, checkpoint: console.checkpoint)
        console.mention(unnamed: list.unnamed, of: other)
        return list.volumes.map { .engineVolume($0.reference) }
    }
}
