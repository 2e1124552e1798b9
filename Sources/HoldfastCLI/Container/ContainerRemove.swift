internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container rm`: removes containers with what they changed.
struct ContainerRemove: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove containers with everything they changed, and print the names of those removed.",
        discussion: helpText(
            "One that is mounted is not removed (status 5) without --force, one that runs never.",
            examples: ["holdfast container rm web", "holdfast container rm --force $(holdfast container ls -q)"]),
        aliases: ["remove"])

    @Argument(help: ArgumentHelp("The containers.", valueName: "container"))
    var containers: [String]

    @Flag(name: .shortAndLong, help: "Unmount and remove a container that is mounted.")
    var force = false

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        for container in containers {
            do throws(StorageError) {
                _ = try store.removeContainer(container, force: force)
                try console.say(container)
            } catch {
                try console.report(error)
            }
        }
    }
}
