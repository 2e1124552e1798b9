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

    /// Opens the store and makes it if it is missing. What an earlier crash left and could not be swept is told.
    func open(_ console: Console) throws(StorageError) -> Store {
        let store = try Store.open(at: root)
        for leftover in store.leftovers { console.mention(leftover.message) }
        return store
    }

    /// Opens the store if there is one that may be used, for commands that do without.
    func existing() throws(StorageError) -> Store? {
        do throws(StorageError) {
            return try Store.open(at: root, create: false)
        } catch  where error.code == .notFound || error.code == .permissionDenied {
            return nil
        }
    }
}

/// How results are printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON: sorted keys, byte counts as integers, times in UTC.")
    var json = false
}
