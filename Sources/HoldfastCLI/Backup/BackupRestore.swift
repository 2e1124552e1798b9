internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup restore`: brings an archive back into a volume or a directory.
struct BackupRestore: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore an archive into a volume or a directory, and print the target.",
        discussion: helpText(
            """
            ARCHIVE is one of ours, any tar file (plain, gz, xz, bz2, zstd, lz4), or - for standard input. TARGET is a volume, \
            created with the labels, options, owner and mode of the archive if it is missing, also one of Docker or Podman \
            (docker:NAME, podman:NAME), or dir:/absolute/path. A target that is not empty needs --replace, which exchanges everything in one step, or --merge, which adds.
            """,
            examples: [
                "holdfast backup restore pg.tar.zst --to pg2",
                "holdfast backup restore pg.tar.zst --to pg --replace",
                "holdfast backup restore pg.tar.zst --to docker:pg",
                "holdfast backup restore www.tar.zst --to dir:/tmp/www --path etc/nginx --path index.html",
                "holdfast backup restore pg.tar.zst.age --identity key.txt --to pg2",
                "ssh host holdfast backup create pg --to - | holdfast backup restore - --to pg",
            ]))

    /// What may happen to what is already in the target.
    enum Mode: String, EnumerableFlag {
        case replace
        case merge

        static func help(for value: Mode) -> ArgumentHelp? {
            switch value {
            case .replace: "Exchange the target's content for the archive's, in one step."
            case .merge: "Add to the target; entries of the same name are replaced."
            }
        }
    }

    @Argument(help: "The archive, or -.", completion: .file())
    var archive: String

    @Option(help: ArgumentHelp("A volume, docker:NAME, podman:NAME, or dir:/absolute/path.", valueName: "target"))
    var to: String

    @Option(help: ArgumentHelp("Only this entry and what lies below it. Repeatable.", valueName: "p"))
    var path: [String] = []

    @Flag(exclusivity: .exclusive)
    var mode: Mode?

    @Flag(name: .shortAndLong, help: "Do not ask before --replace, and replace a volume that is in use.")
    var force = false

    @Flag(name: .customLong("no-sync"), help: "Do not wait until everything is on disk.")
    var noSync = false

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var threads: ThreadOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let request = try makeRequest()
        let keys = try decryption.read()
        if mode == .replace && !force && request.archive != .standardInput
            && !console.confirms("Replace everything in \(request.target.description.printable())?")
        {
            throw StorageError(.interrupted, "nothing was restored")
        }
        let report = try restore(request, keys, console)
        for notice in report.skipped { console.mention("\(report.target): \(notice.path): \(notice.reason)") }
        if report.hasWarnings { console.note(.warnings) }
        if output.json { return try console.print(BackupReportRow.json(report)) }
        try console.print(targetText(report.target) + "\n")
        console.remark(BackupReportRow.summary(report))
    }

    private func makeRequest() throws(StorageError) -> RestoreRequest {
        RestoreRequest(
            archive: try ArchiveReference(archive), target: try SourceReference(to),
            paths: try path.map { text throws(StorageError) in try EntryPath(argument: text) },
            mode: mode.map { $0 == .replace ? .replace : .merge } ?? .intoEmpty, threads: threads.threads,
            isDurable: !noSync, forces: force)
    }

    /// Opens a store only for a volume, so that a directory is restored on a bare machine.
    private func restore(
        _ request: RestoreRequest, _ keys: ArchiveKeys, _ console: Console
    ) throws(StorageError) -> RestoreReport {
        switch request.target {
        case .volume: try store.open(console).restore(request, keys: keys, checkpoint: console.checkpoint)
        case .directory, .engineVolume:
            try ArchiveFiles.restore(request, keys: keys, checkpoint: console.checkpoint)
        }
    }

    private func targetText(_ target: SourceReference) -> String {
        switch target {
        case .volume(let name): name.rawValue
        case .engineVolume(let reference): reference.description
        case .directory(let path): path
        }
    }
}
