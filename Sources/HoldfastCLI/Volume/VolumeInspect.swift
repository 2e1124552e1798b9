internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume inspect`: everything about volumes, as a JSON array.
struct VolumeInspect: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Print everything about volumes as JSON.",
        discussion: helpText(
            "Volumes that are missing are reported, the others printed, and the exit status is 4.",
            examples: [
                "holdfast volume inspect pg",
                "holdfast volume inspect pg www | jq -r '.[].mountpoint'",
            ]))

    @Argument(help: ArgumentHelp("The volumes.", valueName: "name"))
    var names: [String]

    @Flag(help: "Accepted for the sake of scripts: the output is always JSON.")
    var json = false

    @OptionGroup var store: StoreOptions

    var printsJSON: Bool { json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        var found: [JSONValue] = []
        for name in names {
            do throws(StorageError) {
                found += try store.inspect([VolumeName(name)]).map { VolumeRow($0).json }
            } catch {
                try console.report(error)
            }
        }
        try console.print(.array(found))
    }
}
