internal import Holdfast
internal import StorageModel

/// `holdfast volume import --from`: adopts a volume of another engine, and prints its name here.
struct VolumeAdoption {
    let source: EngineVolumeReference
    /// `nil` for the name that it has there.
    let name: VolumeName?
    let mode: RestoreMode
    let forces: Bool
    let isDurable: Bool

    /// - Parameter from: the value of `--from`.
    init(
        from text: String, as name: String?, mode: RestoreMode, forces: Bool, isDurable: Bool
    ) throws(StorageError) {
        guard case .engineVolume(let source) = try SourceReference(text) else {
            throw StorageError(
                .invalidInput, object: text,
                "'\(text.printable(limit: 200))' is not a volume of another engine",
                hint: "write --from docker:NAME or --from podman:NAME; holdfast volume clone copies our own")
        }
        self.source = source
        self.name = try name.map { text throws(StorageError) in try VolumeName(text) }
        self.mode = mode
        self.forces = forces
        self.isDurable = isDurable
    }

    func run(in store: Store, _ console: Console) throws {
        let report = try store.adoptVolume(
            source, as: name, mode: mode, forces: forces, isDurable: isDurable, checkpoint: console.checkpoint)
        for notice in report.changedDuringRead + report.skipped {
            console.mention("\(report.source): \(notice.path): \(notice.reason)")
        }
        if report.hasWarnings { console.note(.warnings) }
        if console.isJSON { return try console.print(Self.json(report)) }
        try console.print(report.volume.rawValue + "\n")
        console.remark(
            "\(report.source): \(report.entries.grouped) entries, \(report.copiedBytes.asBytes) copied, "
                + "\(report.reflinkedFiles.grouped) files shared, \(durationText(seconds: report.seconds))")
    }

    /// The keys are a promise to scripts.
    private static func json(_ report: AdoptionReport) -> JSONValue {
        [
            "source": .string(report.source.description), "volume": .string(report.volume.rawValue),
            "createdVolume": .boolean(report.createdVolume), "entries": .unsigned(report.entries),
            "copiedBytes": .unsigned(report.copiedBytes), "reflinkedFiles": .unsigned(report.reflinkedFiles),
            "skipped": BackupReportRow.notices(report.skipped),
            "changedDuringRead": BackupReportRow.notices(report.changedDuringRead),
            "seconds": .seconds(report.seconds),
        ]
    }
}
