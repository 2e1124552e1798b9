internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume rename`: gives a volume another name.
struct VolumeRename: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rename",
        abstract: "Give a volume another name, and print it.",
        discussion: helpText(
            """
            Data, labels and protection stay; containers that mount the volume follow. A volume that is mounted or held open \
            keeps its name (status 5). An anonymous volume is one with a name from then on.
            """,
            examples: ["holdfast volume rename pg pg-old"]))

    @Argument(help: "The volume.")
    var old: String

    @Argument(help: "Its new name.")
    var new: String

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        try store.open(console).renameVolume(VolumeName(old), to: VolumeName(new))
        try console.print(new + "\n")
    }
}
