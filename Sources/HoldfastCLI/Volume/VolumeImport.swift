internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume import`: brings data from elsewhere into a volume.
struct VolumeImport: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Adopt a volume of Docker or Podman, and print its name.",
        discussion: helpText(
            """
            Copies the data, as reflinks where the file system can, into a new volume with the labels of the original, which stays \
            as it is. Options are not taken over: they say how the other engine keeps the data. What is left out is listed and \
            the exit status is 3. A volume of that name needs --replace, which exchanges everything in one step, or --merge, \
            which adds.
            """,
            examples: [
                "holdfast volume import --from docker:pg",
                "holdfast volume import --from podman:www site --json",
                "holdfast volume import --from docker:pg pg --replace",
            ]))

    /// What may happen to what is already in the volume.
    enum Mode: String, EnumerableFlag {
        case replace
        case merge

        static func help(for value: Mode) -> ArgumentHelp? {
            switch value {
            case .replace: "Exchange the volume's content for the original's, in one step."
            case .merge: "Add to the volume; entries of the same name are replaced."
            }
        }
    }

    @Argument(help: "The volume's name here. Default: its name there.")
    var name: String?

    @Option(help: ArgumentHelp("The volume to adopt: docker:NAME or podman:NAME.", valueName: "source"))
    var from: String

    @Flag(exclusivity: .exclusive)
    var mode: Mode?

    @Flag(name: .shortAndLong, help: "Do not ask before --replace, and replace a volume that is in use.")
    var force = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until everything is on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let adoption = try VolumeAdoption(
            from: from, as: name, mode: mode.map { $0 == .replace ? .replace : .merge } ?? .intoEmpty, forces: force,
            isDurable: !noSync)
        let target = (name ?? adoption.source.name.rawValue).printable(limit: 80)
        if mode == .replace && !force && !console.confirms("Replace everything in volume '\(target)'?") {
            throw StorageError(.interrupted, "nothing was imported")
        }
        try adoption.run(in: store.open(console), console)
    }
}
