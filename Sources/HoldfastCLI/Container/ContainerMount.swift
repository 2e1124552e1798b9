internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container mount`: mounts containers' roots and prints where.
struct ContainerMount: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount the root file systems of containers, and print their paths.",
        discussion: helpText(
            """
            What is mounted already stays mounted. The mount is this mount namespace's; it lasts until it is unmounted. With \
            --volumes the container's volumes, binds, tmpfs and image mounts are in it, as the container would see them.
            """,
            examples: [
                "ls \"$(holdfast container mount web)\"",
                "ls \"$(holdfast container mount --volumes web)/var/lib/data\"",
                "holdfast container unmount web",
            ]))

    @Flag(help: "Mount what the container mounts, too.")
    var volumes = false

    @Argument(help: ArgumentHelp("The containers.", valueName: "container"))
    var containers: [String]

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        let store = try Store.open(at: store.root, sweeps: false)
        try Self.mount(containers, includesVolumes: volumes, in: store, console)
    }

    static func mount(_ containers: [String], in store: Store, _ console: Console) throws {
        try mount(containers, includesVolumes: false, in: store, console)
    }

    private static func mount(
        _ containers: [String], includesVolumes: Bool, in store: Store, _ console: Console
    ) throws {
        for container in containers {
            do throws(StorageError) {
                let path = try store.mountContainer(container, includesVolumes: includesVolumes)
                try console.say(path)
            } catch {
                try console.report(error)
            }
        }
    }
}

/// `holdfast container unmount`: unmounts containers' roots.
struct ContainerUnmount: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Unmount the root file systems of containers.",
        discussion: helpText(
            """
            What is mounted in them goes too, and what was mounted for a runtime. What is not mounted is no failure. Copies of \
            the mounts in other mount namespaces go with them.
            """,
            examples: ["holdfast container unmount web"]),
        aliases: ["umount"])

    @Argument(help: ArgumentHelp("The containers.", valueName: "container"))
    var containers: [String]

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        try Self.unmount(containers, in: try Store.open(at: store.root, sweeps: false), console)
    }

    static func unmount(_ containers: [String], in store: Store, _ console: Console) throws {
        for container in containers {
            do throws(StorageError) {
                try store.unmountContainer(container)
            } catch {
                try console.report(error)
            }
        }
    }
}
