internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast check`: says whether a store is whole, and repairs it.
struct CheckCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check that the store is whole, and repair it.",
        discussion: helpText(
            """
            Compares the catalog with the disk. --read-data reads every layer too: contents, owners, modes, times, attributes \
            and digests. --repair removes what is damaged and what nothing needs, and names the images that must be loaded \
            again; the data of volumes and containers is never touched.
            """,
            examples: ["holdfast check", "holdfast check --read-data --repair"]))

    @Flag(name: .customLong("read-data"), help: "Read every layer and compare it with its digests.")
    var readData = false

    @Flag(help: "Remove what is damaged and what nothing needs.")
    var repair = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let report = try store.open(console).check(
            readsData: readData, repairs: repair, checkpoint: console.checkpoint)
        if !report.isSound { console.note(.damaged) }
        if output.json { return try console.print(Self.json(report)) }
        try console.print(Self.text(report))
    }

    private static func text(_ report: CheckReport) -> String {
        var text = ""
        for finding in report.findings {
            text += "\(finding.kind.rawValue) \(finding.object.printable()): \(finding.repair ?? "not repaired")\n"
            for reason in finding.reasons { text += "  \(reason.printable())\n" }
        }
        if !report.imagesToLoad.isEmpty {
            text += "load or pull again: \(report.imagesToLoad.map { $0.printable() }.joined(separator: " "))\n"
        }
        let state = report.findings.isEmpty ? "whole" : report.isSound ? "repaired" : "damaged"
        return text + "\(state): \(report.volumes.grouped) volumes, \(report.images.grouped) images, "
            + "\(report.layers.grouped) layers, \(report.containers.grouped) containers\n"
    }

    private static func json(_ report: CheckReport) -> JSONValue {
        [
            "sound": .boolean(report.isSound), "volumes": .unsigned(report.volumes),
            "images": .unsigned(report.images), "layers": .unsigned(report.layers),
            "containers": .unsigned(report.containers),
            "imagesToLoad": .array(report.imagesToLoad.map { .string($0) }),
            "findings": .array(
                report.findings.map {
                    [
                        "kind": .string($0.kind.rawValue), "object": .string($0.object),
                        "reasons": .array($0.reasons.map { .string($0) }), "repair": .optional($0.repair),
                    ]
                }),
        ]
    }
}
