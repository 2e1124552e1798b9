internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container rm`: removes containers with what they changed.
struct ContainerRemove: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove containers with everything they changed, and print the names of those removed.",
        discussion: helpText(
            """
            One that is mounted is not removed (status 5) without --force, one that runs never. Volumes stay; with --volumes \
            the anonymous ones go that no other container has and nobody uses.
            """,
            examples: [
                "holdfast container rm web", "holdfast container rm -v web",
                "holdfast container rm --force $(holdfast container ls -q)",
            ]),
        aliases: ["remove"])

    @Argument(help: ArgumentHelp("The containers.", valueName: "container"))
    var containers: [String]

    @Flag(name: .shortAndLong, help: "Unmount and remove a container that is mounted.")
    var force = false

    @Flag(name: .shortAndLong, help: "Remove the anonymous volumes of the container too.")
    var volumes = false

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        for container in containers {
            do throws(StorageError) {
                let removal = try store.removeContainer(container, force: force, removesVolumes: volumes)
                try console.say(container)
                for kept in removal.keptVolumes {
                    console.mention("volume '\(kept.name)' stays: \(kept.reason)")
                    console.note(.warnings)
                }
            } catch {
                try console.report(error)
            }
        }
    }
}
