internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup ls`: lists the archives below a destination.
struct BackupList: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the archives below a destination.",
        discussion: helpText(
            """
            Reads only the end of each archive, whatever its size. Of an encrypted one, without a key that opens it, source and \
            time are what its path tells.
            """,
            examples: [
                "holdfast backup ls /srv/backups",
                "holdfast backup ls /srv/backups --json | jq -r '.[-1].archive'",
            ]),
        aliases: ["list"])

    @Argument(
        help: ArgumentHelp("A directory with archives.", valueName: "dest"), completion: .directory)
    var destination: String

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let archives = try ArchiveFiles.list(
            at: destination, keys: try decryption.read(), checkpoint: console.checkpoint
        ).sorted(by: isBefore)
        if output.json { return try console.print(.array(archives.map(json))) }
        var table = Table([
            Table.Column(heading: "CREATED"), Table.Column(heading: "SOURCE"),
            Table.Column(heading: "ENTRIES", isNumber: true), Table.Column(heading: "DATA", isNumber: true),
            Table.Column(heading: "SIZE", isNumber: true), Table.Column(heading: "STATE"),
            Table.Column(heading: "ARCHIVE", isFlexible: true),
        ])
        for archive in archives {
            table.append([
                archive.createdAt.map { Timestamp(seconds: $0.seconds).description } ?? "-", archive.source ?? "-",
                archive.entries?.grouped ?? "-", archive.sourceBytes?.asBytes ?? "-", archive.archiveBytes.asBytes,
                archive.state, archive.archive,
            ])
        }
        try console.print(table)
    }

    /// By source, then by time, so that the last line of a source is its newest archive.
    private func isBefore(_ left: ArchiveSummary, _ right: ArchiveSummary) -> Bool {
        let times = (left.createdAt ?? Timestamp(seconds: 0), right.createdAt ?? Timestamp(seconds: 0))
        return (left.source ?? "", times.0, left.archive) < (right.source ?? "", times.1, right.archive)
    }

    private func json(_ archive: ArchiveSummary) -> JSONValue {
        [
            "archive": .string(archive.archive), "source": .optional(archive.source),
            "createdAt": .optional(archive.createdAt?.description), "archiveBytes": .unsigned(archive.archiveBytes),
            "entries": .optional(archive.entries), "sourceBytes": .optional(archive.sourceBytes),
            "state": .string(archive.state), "tags": .array(archive.tags.map { .string($0) }),
        ]
    }
}
