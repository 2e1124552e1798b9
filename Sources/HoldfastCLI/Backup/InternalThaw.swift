internal import ArgumentParser
internal import Holdfast

/// `holdfast internal-thaw`: the watchdog of a freeze, which the program starts by itself.
struct InternalThaw: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: InternalCommands.thawCommand, abstract: "Thaw what a backup froze.", shouldDisplay: false)

    func execute(_ console: Console) throws { try InternalCommands.thaw() }
}
