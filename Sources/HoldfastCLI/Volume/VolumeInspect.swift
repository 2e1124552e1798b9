internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume inspect`: everything about volumes, as a JSON array.
struct VolumeInspect: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Print everything about volumes as JSON.",
        discussion: helpText(
            """
            Volumes that are missing are reported, the others printed, and the exit status is 4. docker:NAME and podman:NAME \
            name volumes of those engines.
            """,
            examples: [
                "holdfast volume inspect pg",
                "holdfast volume inspect pg www | jq -r '.[].mountpoint'",
                "holdfast volume inspect docker:pg",
            ]))

    @Argument(help: ArgumentHelp("The volumes.", valueName: "name"))
    var names: [String]

    @Flag(help: "Accepted for the sake of scripts: the output is always JSON.")
    var json = false

    @OptionGroup var store: StoreOptions

    var printsJSON: Bool { json }

    func execute(_ console: Console) throws {
        var found: [JSONValue] = []
        var opened: Store?
        for name in names {
            do throws(StorageError) {
                switch try reference(name) {
                case .engineVolume(let reference):
                    let details = try EngineVolumes.inspect(reference, checkpoint: console.checkpoint)
                    found.append(EngineVolumeRow(details).json)
                case .volume(let name):
                    let store = if let opened { opened } else { try store.open(console) }
                    opened = store
                    found += try store.inspect([name]).map { VolumeRow($0).json }
                case .directory(let path):
                    throw StorageError(
                        .invalidInput, object: path, "'\(name.printable(limit: 200))' is a directory, not a volume",
                        hint: "name a volume: NAME, docker:NAME or podman:NAME")
                }
            } catch {
                try console.report(error)
            }
        }
        try console.print(.array(found))
    }

    /// A plain name is a volume's, and its mistakes are a name's.
    private func reference(_ name: String) throws(StorageError) -> SourceReference {
        name.contains(":") ? try SourceReference(name) : .volume(try VolumeName(name))
    }
}
