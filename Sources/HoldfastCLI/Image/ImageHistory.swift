internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast image history`: how an image was made, the latest step first.
struct ImageHistory: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show how an image was made, the latest step first.",
        discussion: helpText(
            "SIZE is what the layer of a step takes on disk; a step that only changed the configuration has none.",
            examples: ["holdfast image history alpine", "holdfast image history alpine --json"]))

    @Argument(help: "The image.")
    var image: String

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    private struct Step {
        let entry: ImageConfiguration.HistoryEntry?
        let layer: Layer?
    }

    func execute(_ console: Console) throws {
        let details = try store.open(console).inspectImage(image)
        let steps = Self.steps(of: details).reversed()
        if output.json { return try console.print(.array(steps.map(Self.json))) }
        var table = Table([
            Table.Column(heading: "CREATED"), Table.Column(heading: "LAYER"),
            Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "CREATED BY", isFlexible: true),
            Table.Column(heading: "COMMENT"),
        ])
        for step in steps {
            table.append([
                step.entry?.created ?? "-", step.layer?.diffID.short ?? "-", step.layer?.allocatedBytes.asBytes ?? "-",
                step.entry?.createdBy ?? "-", step.entry?.comment ?? "",
            ])
        }
        try console.print(table)
    }

    /// Steps with their layers. An image may tell less of its history than it has layers; then those come alone.
    private static func steps(of details: ImageDetails) -> [Step] {
        var layers = details.layers[...]
        let entries = details.configuration.history
        guard entries.count(where: { !$0.isEmptyLayer }) == layers.count else {
            return layers.map { Step(entry: nil, layer: $0) }
        }
        return entries.map { Step(entry: $0, layer: $0.isEmptyLayer ? nil : layers.popFirst()) }
    }

    private static func json(_ step: Step) -> JSONValue {
        [
            "createdAt": .optional(step.entry?.created), "createdBy": .optional(step.entry?.createdBy),
            "comment": .optional(step.entry?.comment), "diffId": .optional(step.layer?.diffID.description),
            "allocatedBytes": .optional(step.layer?.allocatedBytes),
        ]
    }
}
