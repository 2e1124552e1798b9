internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup status`: says how old the newest archives are, and fails if one is too old.
struct BackupStatus: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say how old the newest archive of each source is, and fail if one is too old or missing.",
        discussion: helpText(
            """
            Status 1 if the newest whole archive of a source is older than --max-age, if a source has none, or if there is no \
            archive at all. Archives that cannot be opened, and those with a time in the future, do not count. Sources that \
            are named must be there; without any, all that have archives are looked at.
            """,
            examples: [
                "holdfast backup status /srv/backups --max-age 26h",
                "holdfast backup status /srv/backups pg docker:www --max-age 26h --json",
            ]))

    @Argument(help: ArgumentHelp("A directory with archives.", valueName: "dest"), completion: .directory)
    var destination: String

    @Argument(help: ArgumentHelp("The sources that must be there.", valueName: "source"))
    var sources: [String] = []

    @Option(help: ArgumentHelp("How old the newest archive may be: 90m, 26h, 8d.", valueName: "span"))
    var maxAge: String?

    @Option(help: ArgumentHelp("Take this for the time now (RFC 3339).", valueName: "time"))
    var now: String?

    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let sources = try sources.map { text throws(StorageError) in try SourceReference(text) }
        let rows = try ArchiveFiles.freshness(
            of: destination, sources: sources, limit: try limit(), now: try timeNow(now),
            checkpoint: console.checkpoint)
        if rows.isEmpty {
            try console.report(failure("there is no archive below '\(destination.printable())'", destination))
        }
        for row in rows {
            if let trouble = trouble(row) { try console.report(failure(trouble, row.source)) }
        }
        if output.json { return try console.print(.array(rows.map(json))) }
        if !rows.isEmpty { try console.print(table(rows)) }
    }

    private func limit() throws(StorageError) -> TimeSpan? {
        try maxAge.map { text throws(StorageError) in try TimeSpan(text, of: "--max-age", as: "90m, 26h or 8d") }
    }

    private func failure(_ message: String, _ object: String) -> StorageError {
        StorageError(.system, object: object, message, hint: "look why the backup did not run")
    }

    private func trouble(_ row: SourceFreshness) -> String? {
        switch row.state {
        case .fresh: nil
        case .missing: "\(row.source) has no whole archive below '\(destination.printable())'"
        case .stale:
            "the newest archive of \(row.source) is \(age(row)) old, more than \(maxAge ?? "")"
        }
    }

    private func age(_ row: SourceFreshness) -> String { row.ageSeconds.map { TimeSpan(seconds: $0).words } ?? "-" }

    private func table(_ rows: [SourceFreshness]) -> Table {
        var table = Table([
            Table.Column(heading: "SOURCE"), Table.Column(heading: "STATE"), Table.Column(heading: "NEWEST"),
            Table.Column(heading: "AGE", isNumber: true), Table.Column(heading: "SIZE", isNumber: true),
            Table.Column(heading: "ARCHIVE", isFlexible: true),
        ])
        for row in rows {
            table.append([
                row.source, row.state.rawValue, row.createdAt?.description ?? "-", age(row),
                row.archiveBytes?.asBytes ?? "-", row.archive ?? "-",
            ])
        }
        return table
    }

    private func json(_ row: SourceFreshness) -> JSONValue {
        [
            "source": .string(row.source), "state": .string(row.state.rawValue), "archive": .optional(row.archive),
            "createdAt": .optional(row.createdAt?.description), "archiveBytes": .optional(row.archiveBytes),
            "ageSeconds": row.ageSeconds.map { .integer($0) } ?? .null,
        ]
    }
}
