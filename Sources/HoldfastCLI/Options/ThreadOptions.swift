internal import ArgumentParser

/// How many cores a command uses.
struct ThreadOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Worker threads, 1 to 256. Default: one for each core.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is 1 to 256, not \(threads).") }
    }
}
