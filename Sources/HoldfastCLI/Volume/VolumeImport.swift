internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast volume import`: brings data from elsewhere into a volume.
struct VolumeImport: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring a tar, or a volume of Docker or Podman, into a volume, and print the volume's name.",
        discussion: helpText(
            """
            FILE is a tar, plain or compressed (gz, xz, bz2, zstd, lz4), of any program; without it, or as -, standard input. \
            The volume is created if it is missing. One that is not empty needs --replace, which exchanges everything in one \
            step, or --merge, which adds.

            --from adopts a volume of another engine instead: copies the data, as reflinks where the file system can, into a \
            new volume with the labels of the original, which stays as it is. Options are not taken over: they say how the \
            other engine keeps the data. What is left out is listed and the exit status is 3.
            """,
            examples: [
                "holdfast volume import pg pg.tar",
                "podman volume export pg | holdfast volume import pg --replace",
                "tar -c -C site . | holdfast volume import www -",
                "holdfast volume import --from docker:pg",
                "holdfast volume import --from podman:www site --json",
            ]))

    @Argument(help: "The volume. With --from its name there, if it is missing.")
    var name: String?

    @Argument(help: "The tar, or -.", completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("The volume to adopt: docker:NAME or podman:NAME.", valueName: "source"))
    var from: String?

    @Flag(exclusivity: .exclusive)
    var mode: BackupRestore.Mode?

    @Flag(name: .shortAndLong, help: "Do not ask before --replace, and replace a volume that is in use.")
    var force = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until everything is on disk.")
    var noSync = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    private var restoreMode: RestoreMode { mode.map { $0 == .replace ? .replace : .merge } ?? .intoEmpty }

    func validate() throws {
        if from != nil && file != nil { throw ValidationError("A tar and --from exclude each other.") }
        if from == nil && name == nil { throw ValidationError("Name the volume, or --from docker:NAME.") }
    }

    func execute(_ console: Console) throws {
        if let from { try adopt(from, console) } else { try importTar(try VolumeName(name ?? ""), console) }
    }

    private func adopt(_ from: String, _ console: Console) throws {
        let adoption = try VolumeAdoption(
            from: from, as: name, mode: restoreMode, forces: force, isDurable: !noSync)
        try confirm(name ?? adoption.source.name.rawValue, console)
        try adoption.run(in: store.open(console), console)
    }

    private func importTar(_ name: VolumeName, _ console: Console) throws {
        let source = try source()
        if source != .standardInput { try confirm(name.rawValue, console) }
        let report = try store.open(console).importVolume(
            name, from: source, mode: restoreMode, forces: force, isDurable: !noSync, checkpoint: console.checkpoint)
        for notice in report.skipped { console.mention("\(name): \(notice.path): \(notice.reason)") }
        if report.hasWarnings { console.note(.warnings) }
        if output.json { return try console.print(BackupReportRow.json(report)) }
        try console.print(name.rawValue + "\n")
        console.remark(BackupReportRow.summary(report))
    }

    private func confirm(_ name: String, _ console: Console) throws(StorageError) {
        guard
            mode != .replace || force
                || console.confirms("Replace everything in volume '\(name.printable(limit: 80))'?")
        else { throw StorageError(.interrupted, "nothing was imported") }
    }

    private func source() throws(StorageError) -> ArchiveReference {
        let source = try ArchiveReference(file ?? "-")
        if source == .standardInput && Terminal.standardInputIsOne {
            throw StorageError(
                .invalidInput, object: "-", "a tar is not read from a terminal",
                hint: "name a file, or redirect standard input")
        }
        return source
    }
}
