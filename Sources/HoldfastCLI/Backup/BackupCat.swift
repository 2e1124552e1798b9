internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup cat`: writes one file out of an archive to standard output.
struct BackupCat: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Write one file of an archive to standard output.",
        discussion: helpText(
            """
            Reads only the frames of that file, and checks them, however large the archive is. With --json, what the archive \
            says of the file goes to standard error.
            """,
            examples: [
                "holdfast backup cat pg.tar.zst postgresql.conf",
                "holdfast backup cat www.tar.zst img/logo.png > logo.png",
            ]))

    @Argument(help: "The archive, or -.", completion: .file())
    var archive: String

    @Argument(help: "The file's path, relative to the archive's root.")
    var path: String

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let archive = try ArchiveReference(archive)
        let file = try ArchiveFiles.writeFile(
            try EntryPath(argument: path), of: archive, keys: try decryption.read(), to: 1,
            checkpoint: Checkpoint(interruption: Signals.interruption))
        if output.json { StandardError.write(ContentsRow.json(file).prettyText() + "\n") }
    }
}
