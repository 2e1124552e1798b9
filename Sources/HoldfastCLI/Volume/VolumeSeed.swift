internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume seed`: fills a volume from an image.
struct VolumeSeed: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Fill a volume with a directory of an image, and print its name.",
        discussion: helpText(
            """
            A missing volume is created. A volume that is not empty is left alone (status 5), unless --force exchanges all of \
            its content for the image's, in one step; one that is in use is not exchanged. --diff changes nothing and prints \
            how the volume differs from the image: C is changed, A is in the volume only, D is in the image only. Without \
            --image and --path it is what the volume was populated from before: --image alone compares or updates to a \
            newer image.
            """,
            examples: [
                "holdfast volume seed www --image nginx --path /usr/share/nginx/html",
                "holdfast volume seed www --image nginx:1.29 --diff",
                "holdfast volume seed www --image nginx:1.29 --force",
                "holdfast volume seed www --diff --json | jq -r '.[] | select(.kind == \"A\").path'",
            ]))

    /// What happens to a volume that has content.
    enum Mode: String, EnumerableFlag {
        case force
        case diff

        static func help(for value: Mode) -> ArgumentHelp? {
            switch value {
            case .force: "Exchange what the volume has for the image's directory, in one step."
            case .diff: "Print how the volume differs from the image's directory, and change nothing."
            }
        }
    }

    @Argument(help: "The volume; created if it is missing.")
    var name: String

    @Option(help: ArgumentHelp("The image. Default: the one that the volume was populated from.", valueName: "ref"))
    var image: String?

    @Option(help: ArgumentHelp("The directory in the image. Default: as for --image.", valueName: "path"))
    var path: String?

    @Flag(exclusivity: .exclusive)
    var mode: Mode?

    @Flag(name: .customLong("no-sync"), help: "Do not wait until everything is on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let volume = try VolumeName(name)
        let place = try path.map { text throws(StorageError) in try ContainerPath(text) }
        let store = try store.open(console)
        if mode == .diff {
            return try ChangeList.print(
                try store.seedDifferences(volume, image: image, path: place, checkpoint: console.checkpoint),
                asJSON: output.json, console)
        }
        let report = try store.seedVolume(
            volume, image: image, path: place, force: mode == .force, isDurable: !noSync,
            checkpoint: console.checkpoint)
        for notice in report.notices { console.mention("\(volume): \(notice.path): \(notice.reason)") }
        if !report.notices.isEmpty { console.note(.warnings) }
        if output.json { return try console.print(Self.json(report)) }
        try console.print(volume.rawValue + "\n")
    }

    /// The keys are a promise to scripts.
    private static func json(_ report: VolumeSeedReport) -> JSONValue {
        let population = report.volume.population
        return [
            "volume": .string(report.volume.name.rawValue), "change": .string(report.change.rawValue),
            "populatedFrom": .optional(population?.image),
            "populatedImageId": .optional(population?.imageID.description),
            "populatedPath": .optional(population?.path.rawValue),
            "populatedAt": .optional(population?.populatedAt.description), "entries": .unsigned(report.entries),
            "copiedBytes": .unsigned(report.copiedBytes), "reflinkedFiles": .unsigned(report.reflinkedFiles),
            "skipped": .array(
                report.notices.map { ["path": .string($0.path.description), "reason": .string($0.reason)] }),
        ]
    }
}
