internal import ArgumentParser
internal import StorageModel

/// Where a tar goes.
struct TarOutputOptions: ParsableArguments {
    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file; standard output without it.", valueName: "file"),
        completion: .file())
    var output = "-"

    @Flag(name: .shortAndLong, help: "Replace an existing file.")
    var force = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the file is on disk.")
    var noSync = false

    /// - Throws: ``StorageError/Code/invalidInput`` if it were a terminal.
    func parse() throws(StorageError) -> TarOutput {
        if output == "-" && Terminal.standardOutputIsOne {
            throw StorageError(
                .invalidInput, object: "-", "an archive is not written to a terminal",
                hint: "name a file with -o, or redirect standard output")
        }
        return TarOutput(output)
    }
}
