internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast container inspect`: everything that is known of containers, as JSON.
struct ContainerInspect: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Print everything that is known of containers, as JSON.",
        discussion: helpText(
            "What is missing exits with 4; the others are printed all the same.",
            examples: ["holdfast container inspect web | jq -r '.[0].upperPath'"]))

    @Argument(help: ArgumentHelp("The containers.", valueName: "container"))
    var containers: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let store = try store.open(console)
        var found: [JSONValue] = []
        for container in containers {
            do throws(StorageError) {
                found.append(ContainerRow.json(try store.inspectContainer(container)))
            } catch {
                try console.report(error)
            }
        }
        try console.print(.array(found))
    }
}
