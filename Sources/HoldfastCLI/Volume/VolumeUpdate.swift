internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume update`: changes the labels of volumes.
struct VolumeUpdate: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change the labels of volumes, and print the names of those changed.",
        discussion: helpText(
            "Works on volumes that are in use too. What fails does not keep the others from being changed.",
            examples: [
                "holdfast volume update pg --label tier=db --label-rm temporary",
                "holdfast volume update $(holdfast volume ls -q --filter label=app=shop) --label owner=me",
            ]))

    @Argument(help: ArgumentHelp("The volumes.", valueName: "name"))
    var names: [String]

    @Option(help: ArgumentHelp("A label to set. Repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Option(help: ArgumentHelp("The key of a label to take away. Repeatable.", valueName: "k"))
    var labelRm: [String] = []

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let labels = try keyValues(label, option: "--label")
        guard !labels.isEmpty || !labelRm.isEmpty else {
            throw StorageError(
                .invalidInput, "nothing is to be changed", hint: "name labels with --label KEY=VALUE or --label-rm KEY")
        }
        if let key = labelRm.first(where: { labels[$0] != nil }) {
            throw StorageError(
                .invalidInput, object: key, "the label '\(key.printable(limit: 80))' is both set and taken away",
                hint: "name it once")
        }
        let store = try store.open(console)
        for name in names {
            do throws(StorageError) {
                try store.updateVolume(VolumeName(name), setting: labels, removing: Set(labelRm))
            } catch {
                try console.report(error)
                continue
            }
            try console.print(name + "\n")
        }
    }
}
