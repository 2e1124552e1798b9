internal import ArgumentParser
internal import StorageModel

/// What a backup takes from the previous archive, and how far that is trusted.
struct ReuseOptions: ParsableArguments {
    @Flag(help: "Read and compress everything, whatever archives there are.")
    var full = false

    @Option(help: ArgumentHelp("Take what is unchanged from this archive.", valueName: "archive"), completion: .file())
    var previous: String?

    @Option(help: ArgumentHelp("Read so much of what is unchanged again, and compare: 5%.", valueName: "percent"))
    var paranoid: Percentage?

    @Flag(name: .customLong("why-changed"), help: "Say of every entry that is read why.")
    var whyChanged = false

    @Flag(name: .customLong("skip-if-unchanged"), help: "Make no archive if nothing changed since the previous one.")
    var skipIfUnchanged = false

    @Flag(
        name: .customLong("link-unchanged"),
        help: ArgumentHelp(
            "If nothing changed, give the previous archive another name (a hard link): both are one file. Every eighth is a "
                + "file of its own."))
    var linkUnchanged = false

    func validate() throws {
        if full && previous != nil { throw ValidationError("--full and --previous exclude each other.") }
        if full && skipIfUnchanged { throw ValidationError("--full and --skip-if-unchanged exclude each other.") }
        if full && linkUnchanged { throw ValidationError("--full and --link-unchanged exclude each other.") }
        if linkUnchanged && skipIfUnchanged {
            throw ValidationError("--link-unchanged and --skip-if-unchanged exclude each other.")
        }
    }

    func apply(to request: inout BackupRequest) {
        request.reuse = full ? .nothing : previous.map(BackupReuse.archive) ?? .newest
        request.rereadShare = paranoid?.share ?? 0
        request.explainsChanges = whyChanged
        request.whenUnchanged = skipIfUnchanged ? .skip : linkUnchanged ? .link : .archive
    }
}

/// `5%`, `0.5%`, `100%`; the sign may be left out.
struct Percentage: ExpressibleByArgument {
    /// 0 to 1.
    let share: Double

    init?(argument: String) {
        let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
        guard let value = Double(digits), value.isFinite, (0...100).contains(value) else { return nil }
        share = value / 100
    }
}
