internal import ArgumentParser
internal import StorageModel

/// A command that works on the store or on archives: parses, calls one function of the engine, prints.
protocol HoldfastSubcommand: ParsableCommand {
    /// Whether results and errors are printed as JSON.
    var printsJSON: Bool { get }

    /// Does the work. What it noted in the console decides the exit status.
    func execute(_ console: Console) throws
}

extension HoldfastSubcommand {
    var printsJSON: Bool { false }

    func run() throws {
        let console = Console(isJSON: printsJSON)
        do {
            try execute(console)
        } catch {
            // The first error counts; a full or closed standard output on the way out would only hide it.
            try? console.finish()
            throw error
        }
        try console.finish()
        if console.status != .done { throw ExitCode(console.status.rawValue) }
    }
}
