internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume cp`: copies between the host and a volume.
struct VolumeCopyCommand: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy files between the host and a volume, or two volumes, as docker cp does with a container.",
        discussion: helpText(
            """
            A side is NAME:PATH, a path of the host, or - for a tar stream. A directory is copied into an existing one; with \
            /. behind it, its content is. Paths in a volume never lead out of it. What is copied into a volume belongs to \
            root, unless -a keeps the owners.
            """,
            examples: [
                "holdfast volume cp pg.conf pg:/conf/",
                "holdfast volume cp -a pg:/. backup/",
                "holdfast volume cp www:/site new:/",
                "tar -c site | holdfast volume cp - www:/",
            ]))

    @Argument(help: "NAME:PATH, a path of the host, or -.")
    var source: String

    @Argument(help: "NAME:PATH, a path of the host, or -.")
    var target: String

    @OptionGroup var options: CopyOptions
    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let places = (try VolumeCopyPlace(source), try VolumeCopyPlace(target))
        try CopyOptions.refuseTerminal(ifStream: places.1 == .stream)
        let notices = try store.open(console).copyVolumeFiles(
            from: places.0, to: places.1, followsLink: options.followLink, keepsOwners: options.archive,
            isDurable: !options.noSync, checkpoint: console.checkpoint)
        CopyOptions.tell(notices, console)
    }
}
