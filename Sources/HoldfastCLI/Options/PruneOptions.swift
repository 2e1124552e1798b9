internal import ArgumentParser
internal import StorageModel

/// How everything that is not needed is removed at once.
struct PruneOptions: ParsableArguments {
    @Flag(name: .customLong("dry-run"), help: "Say what would go, and change nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var force = false

    /// Asks on a terminal, never in a script.
    ///
    /// - Throws: ``StorageError/Code/interrupted`` if the answer is no.
    func confirm(_ question: String, _ console: Console) throws(StorageError) {
        guard dryRun || force || console.confirms(question) else {
            throw StorageError(.interrupted, "nothing was removed")
        }
    }
}
