internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume rm`: removes volumes with their data.
struct VolumeRemove: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove volumes with all their data, and print the names of those removed.",
        discussion: helpText(
            """
            Asks on a terminal, never in a script. A volume that is mounted, held open or protected is not removed \
            (status 5); --force removes one that is in use, but never a protected one. What fails does not keep the \
            others from being removed.
            """,
            examples: [
                "holdfast volume rm pg",
                "holdfast volume rm --force $(holdfast volume ls -q --filter label=temporary)",
            ]),
        aliases: ["remove"])

    @Argument(help: ArgumentHelp("The volumes.", valueName: "name"))
    var names: [String]

    @Flag(name: .shortAndLong, help: "Do not ask, and remove volumes that are in use.")
    var force = false

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        let list = names.map { "'\($0.printable(limit: 80))'" }.joined(separator: ", ")
        guard force || console.confirms("Remove \(list) with all data?") else {
            throw StorageError(.interrupted, "nothing was removed")
        }
        for name in names {
            do throws(StorageError) {
                try store.removeVolume(VolumeName(name), force: force)
            } catch {
                try console.report(error)
                continue
            }
            try console.print(name + "\n")
        }
    }
}
