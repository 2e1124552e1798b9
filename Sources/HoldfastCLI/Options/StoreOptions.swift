internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// Which store a command works on.
struct StoreOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The store's directory. Default: HOLDFAST_ROOT, else /var/lib/holdfast for root.", valueName: "dir"),
        completion: .directory)
    var root: String?

    /// Opens the store and makes it if it is missing.
    func open() throws(StorageError) -> Store { try Store.open(at: root) }
}

/// How results are printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON: sorted keys, byte counts as integers, times in UTC.")
    var json = false
}
