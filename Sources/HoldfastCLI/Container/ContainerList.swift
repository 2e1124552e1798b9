internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container ls`: lists containers.
struct ContainerList: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List all containers.",
        discussion: helpText(
            examples: ["holdfast container ls", "holdfast container ls -q | xargs holdfast container rm"]),
        aliases: ["list", "ps"])

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let containers = try store.open(console).containerDetails()
        if output.json { return try console.print(.array(containers.map(ContainerRow.json))) }
        guard quiet else { return try console.print(ContainerRow.table(containers)) }
        for details in containers { try console.print(details.container.id.rawValue + "\n") }
    }
}
