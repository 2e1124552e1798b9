internal import ArgumentParser
internal import StorageModel

/// How fast a backup may go.
struct LimitOptions: ParsableArguments {
    @Option(
        name: .customLong("limit-read"),
        help: ArgumentHelp("Read at most so much of the source in a second: 50MiB.", valueName: "size"))
    var read: BytesPerSecond?

    @Option(
        name: .customLong("limit-write"),
        help: ArgumentHelp("Write at most so much of the archive in a second: 20MiB.", valueName: "size"))
    var write: BytesPerSecond?

    var limits: ResourceLimits {
        ResourceLimits(readBytesPerSecond: read?.count, writeBytesPerSecond: write?.count)
    }
}

/// `50MiB`, `50MiB/s`, `1000000`.
struct BytesPerSecond: ExpressibleByArgument {
    let count: UInt64

    init?(argument: String) {
        guard let count = ResourceLimits.rate(parsing: argument) else { return nil }
        self.count = count
    }
}
