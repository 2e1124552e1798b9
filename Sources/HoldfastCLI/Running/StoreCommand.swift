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

    func run() throws { try Console.run(isJSON: printsJSON) { console in try execute(console) } }
}

extension Console {
    /// Runs a command; what it noted and was not told as an error becomes the exit status.
    static func run(isJSON: Bool, _ execute: (Console) throws -> Void) throws {
        let console = Console(isJSON: isJSON)
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
