internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume export`: writes a volume's data as a tar.
struct VolumeExport: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a volume's data as a plain tar.",
        discussion: helpText(
            """
            The root directory's owner, mode and times are in it, as ./, and attributes, ACLs, hard links and holes are kept. \
            Files that change meanwhile are named, and the exit status is 3.
            """,
            examples: [
                "holdfast volume export pg -o pg.tar",
                "holdfast volume export pg | zstd > pg.tar.zst",
                "holdfast volume export pg | podman volume import pg -",
            ]))

    @Argument(help: "The volume.")
    var name: String

    @OptionGroup var destination: TarOutputOptions
    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let output = try destination.parse()
        let notices = try store.open(console).exportVolume(
            VolumeName(name), to: output, replaces: destination.force, isDurable: !destination.noSync,
            checkpoint: console.checkpoint)
        for notice in notices { console.mention("\(name): \(notice.path): \(notice.reason)") }
        if !notices.isEmpty { console.note(.warnings) }
    }
}
