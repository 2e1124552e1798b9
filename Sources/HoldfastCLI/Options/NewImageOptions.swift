internal import ArgumentParser
internal import StorageModel

/// What is said of an image that is made anew.
struct NewImageOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "CMD, ENTRYPOINT, ENV, USER, VOLUME, WORKDIR, LABEL, EXPOSE or STOPSIGNAL. Repeatable.", valueName: "change"
        ))
    var change: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("A comment for the image's history.", valueName: "text"))
    var message = ""

    @Flag(name: .customLong("no-sync"), help: "Do not wait until the image is on disk.")
    var noSync = false

    /// The values of `--change`.
    func changes() throws(StorageError) -> [ConfigurationChange] {
        var changes: [ConfigurationChange] = []
        for text in change { changes += try ConfigurationChange.parse(text) }
        return changes
    }
}
