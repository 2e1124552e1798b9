internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume protect`: lets `rm` refuse volumes.
struct VolumeProtect: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "protect",
        abstract: "Protect volumes from being removed.",
        discussion: helpText(examples: ["holdfast volume protect pg", "holdfast volume unprotect pg"]))

    @Argument(help: ArgumentHelp("The volumes.", valueName: "name"))
    var names: [String]

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws { try setProtection(of: names, to: true, in: store.open(console), console) }
}

/// `holdfast volume unprotect`: lets `rm` remove volumes again.
struct VolumeUnprotect: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "unprotect",
        abstract: "Let protected volumes be removed again.",
        discussion: helpText(examples: ["holdfast volume unprotect pg", "holdfast volume rm pg"]))

    @Argument(help: ArgumentHelp("The volumes.", valueName: "name"))
    var names: [String]

    @OptionGroup var store: StoreOptions

    func execute(_ console: Console) throws {
        try setProtection(of: names, to: false, in: store.open(console), console)
    }
}

/// Sets or lifts the protection of each volume and prints the names of those that have it now.
private func setProtection(of names: [String], to isProtected: Bool, in store: Store, _ console: Console) throws {
    for name in names {
        do throws(StorageError) {
            try store.setProtection(of: VolumeName(name), to: isProtected)
        } catch {
            try console.report(error)
            continue
        }
        try console.print(name + "\n")
    }
}
