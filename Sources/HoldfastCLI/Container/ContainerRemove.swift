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

/// `holdfast container prune`: removes containers that nothing uses.
struct ContainerPrune: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove all containers that are neither mounted nor running.",
        discussion: helpText(
            "Asks on a terminal, never in a script.",
            examples: ["holdfast container prune", "holdfast container prune --dry-run"]))

    @Flag(name: .customLong("dry-run"), help: "Say what would go, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        guard dryRun || force || console.confirms("Remove all containers that are neither mounted nor running?") else {
            throw StorageError(.interrupted, "nothing was removed")
        }
        let removed = try store.pruneContainers(isDryRun: dryRun)
        if output.json {
            return try console.print(
                .array(removed.map { ["id": .string($0.id.rawValue), "name": .string($0.name.rawValue)] }))
        }
        for container in removed { try console.print(container.name.rawValue + "\n") }
    }
}
