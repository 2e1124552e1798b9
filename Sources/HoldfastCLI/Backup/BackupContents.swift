internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup contents`: lists what an archive holds, as a stream: memory does not grow with the archive's entries.
struct BackupContents: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "contents",
        abstract: "List what an archive holds.",
        discussion: helpText(
            "Foreign tar archives (plain, gz, xz, bz2, zstd, lz4) are listed too. - is standard input.",
            examples: [
                "holdfast backup contents pg.tar.zst",
                "holdfast backup contents pg.tar.zst base/13",
                "holdfast backup contents pg.tar.zst --json | jq -r '.[] | select(.type == \"file\") | .path'",
            ]))

    @Argument(help: "The archive, or -.", completion: .file())
    var archive: String

    @Argument(help: "Only this entry and what lies below it.")
    var path: String?

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let archive = try ArchiveReference(archive)
        let path = try path.map { text throws(StorageError) in try EntryPath(argument: text) }
        let keys = try decryption.read()
        var count = 0
        if output.json { try console.print("[") }
        try ArchiveFiles.contents(of: archive, beneath: path, keys: keys, checkpoint: console.checkpoint) { entry in
            if output.json {
                try console.print((count == 0 ? "\n  " : ",\n  ") + ContentsRow.json(entry).compactText)
            } else {
                try console.print(ContentsRow.line(entry))
            }
            count += 1
        }
        if output.json { try console.print(count == 0 ? "]\n" : "\n]\n") }
    }
}
