internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume create`: makes a volume and prints its name.
struct VolumeCreate: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a volume and print its name.",
        discussion: helpText(
            """
            Without a name the volume is anonymous and gets a name of 64 hexadecimal digits. Creating a volume that exists \
            with the same driver, options and labels succeeds and changes nothing; with others it fails with status 5.
            """,
            examples: [
                "holdfast volume create pg",
                "holdfast volume create www --label app=shop --uid 33 --gid 33 --mode 0750",
                "holdfast volume create keep --protect",
            ]))

    @Argument(help: "The volume's name; made up if missing.")
    var name: String?

    @Option(name: .shortAndLong, help: "The driver that keeps the volume's data.")
    var driver = "local"

    @Option(
        name: [.customShort("o"), .long], help: ArgumentHelp("An option of the driver. Repeatable.", valueName: "k=v"))
    var opt: [String] = []

    @Option(help: ArgumentHelp("A label. Repeatable.", valueName: "k=v"))
    var label: [String] = []

    @Option(help: "The owner of the volume's directory. Default: the user who runs this.")
    var uid: UInt32?

    @Option(help: "The group of the volume's directory. Default: that user's.")
    var gid: UInt32?

    @Option(help: ArgumentHelp("The mode of the volume's directory, octal. Default: 0755.", valueName: "mode"))
    var mode: String?

    @Flag(help: "Refuse to remove the volume until 'holdfast volume unprotect'.")
    var protect = false

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let request = VolumeRequest(
            name: try name.map { text throws(StorageError) in try VolumeName(text) }, driver: driver,
            options: try keyValues(opt, option: "--opt"), labels: try keyValues(label, option: "--label"), uid: uid,
            gid: gid, mode: try mode.map(permissionBits) ?? VolumeRequest.defaultMode, isProtected: protect)
        let creation = try store.open(console).createVolume(request)
        try console.print(creation.volume.name.rawValue + "\n")
    }
}
