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

            The options of driver 'local' are Docker's: type, device and o name what is mounted on the volume's directory when \
            it is first used (a directory of this host, tmpfs, nfs, cifs, or any file system that the kernel knows); size \
            limits a tmpfs, or by project quota a volume on XFS or ext4. Alone, o takes uid=, gid= and size=.
            """,
            examples: [
                "holdfast volume create pg",
                "holdfast volume create www --label app=shop --uid 33 --gid 33 --mode 0750",
                "holdfast volume create keep --protect",
                "holdfast volume create media --opt type=none --opt o=bind --opt device=/srv/media",
                "holdfast volume create scratch --opt type=tmpfs --opt device=tmpfs --opt size=64m",
                "holdfast volume create nas --opt type=nfs --opt o=addr=nas,ro --opt device=nas:/export",
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
