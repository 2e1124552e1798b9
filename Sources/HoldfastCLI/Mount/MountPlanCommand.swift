internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast mount plan`: prints what would be mounted where.
struct MountPlanCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print what a container would mount where, from what, in which order and why.",
        discussion: helpText(
            """
            Where several mounts have one destination the strongest counts: -v with a source, --mount and --tmpfs; then the \
            last --volumes-from; then -v without a source and what the image declares. Mounts are made by depth, then in the \
            order of the bytes.
            """,
            examples: [
                "holdfast mount plan -v pg:/data --mount type=bind,source=/srv/in,destination=/data/in,readonly",
                "holdfast mount plan --image postgres --volumes-from db:ro --json",
                "holdfast mount plan --container web",
            ]))

    @OptionGroup var mounts: MountOptions

    @Option(help: ArgumentHelp("The image, whose volumes belong to the plan.", valueName: "image"))
    var image: String?

    @Option(help: ArgumentHelp("Show the mounts of this container instead.", valueName: "container"))
    var container: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let request = try mounts.request()
        if let container, request != .none || image != nil {
            throw StorageError(
                .invalidInput, object: container, "--container shows the mounts that the container has",
                hint: "leave out the other flags, or --container")
        }
        let store = try store.open(console)
        let report =
            if let container { try store.planMounts(ofContainer: container) } else {
                try store.planMounts(request, image: image)
            }
        for omitted in report.omitted {
            console.mention(
                "\(omitted.destination.rawValue) of \(omitted.origin) is left out: \(omitted.reason)")
        }
        if output.json { return try console.print(.array(MountPlanRow.json(report))) }
        try console.print(MountPlanRow.table(report))
    }
}
