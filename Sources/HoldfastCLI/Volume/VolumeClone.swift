internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume clone`: makes a volume with another one's data.
struct VolumeClone: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "clone",
        abstract: "Make a volume with the data and labels of another, and print its name.",
        discussion: helpText(
            """
            Blocks are shared where the file system can (XFS, btrfs), copied elsewhere. The source may be in use; files that \
            change meanwhile are named, and the exit status is 3. The clone is there when it is whole, or not at all.
            """,
            examples: [
                "holdfast volume clone pg pg-test",
                "holdfast volume clone pg pg-test --label purpose=test --json",
            ]))

    @Argument(help: "The volume to copy.")
    var source: String

    @Argument(help: "The new volume's name.")
    var name: String

    @Option(help: ArgumentHelp("A label, in addition to the source's. Repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the clone is on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let request = VolumeCloneRequest(
            source: try VolumeName(source), name: try VolumeName(name),
            labels: try keyValues(label, option: "--label"), isDurable: !noSync)
        let report = try store.open(console).cloneVolume(request, checkpoint: console.checkpoint)
        for notice in report.changed + report.skipped {
            console.mention("\(source): \(notice.path): \(notice.reason)")
        }
        if report.hasWarnings { console.note(.warnings) }
        if output.json { return try console.print(json(report)) }
        try console.print(report.volume.name.rawValue + "\n")
    }

    private func json(_ report: VolumeCloneReport) -> JSONValue {
        [
            "name": .string(report.volume.name.rawValue), "source": .string(source),
            "entries": .unsigned(report.entries), "copiedBytes": .unsigned(report.copiedBytes),
            "reflinkedFiles": .unsigned(report.reflinkedFiles),
            "changedDuringRead": BackupReportRow.notices(report.changed),
            "skipped": BackupReportRow.notices(report.skipped),
        ]
    }
}
