internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup verify`: reads archives whole and says whether every byte is as it was written.
struct BackupVerify: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every byte of archives.",
        discussion: helpText(
            """
            Rebuilds the table of contents from the data and compares. A sound tar archive without a table, which another \
            tool wrote or which lost its end, has status 3; damage has status 7 and says up to where the archive is good.
            """,
            examples: [
                "holdfast backup verify /srv/backups/holdfast/pg/*.tar.zst",
                "holdfast backup verify pg.tar.zst --json",
                "holdfast backup verify pg.tar.zst.age --identity key.txt",
            ]))

    @Argument(help: ArgumentHelp("The archives, or -.", valueName: "archive"), completion: .file())
    var archives: [String]

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let keys = try decryption.read()
        var reports: [VerifyReport] = []
        for archive in archives {
            do throws(StorageError) {
                reports.append(
                    try ArchiveFiles.verify(ArchiveReference(archive), keys: keys, checkpoint: console.checkpoint))
            } catch {
                try console.report(error)
                continue
            }
            guard let report = reports.last else { continue }
            console.note(status(of: report))
            if !output.json { try console.print(text(report)) }
        }
        if output.json { try console.print(.array(reports.map(json))) }
    }

    private func status(of report: VerifyReport) -> ExitStatus {
        switch report.verdict {
        case .intact: .done
        case .noTable: .warnings
        case .truncated, .damaged: .damaged
        }
    }

    private func text(_ report: VerifyReport) -> String {
        let figures =
            "\(report.entries.grouped) entries, \(report.frames.grouped) frames, \(report.archiveBytes.asBytes)"
        var text = "\(report.archive.printable()): \(report.verdict.rawValue) (\(figures))\n"
        if report.validBytes < report.archiveBytes {
            text += "  good up to byte \(report.validBytes) of \(report.archiveBytes)\n"
        }
        for finding in report.findings { text += "  \(finding.printable())\n" }
        return text
    }

    private func json(_ report: VerifyReport) -> JSONValue {
        [
            "archive": .string(report.archive), "verdict": .string(report.verdict.rawValue),
            "entries": .unsigned(report.entries), "frames": .unsigned(report.frames),
            "archiveBytes": .unsigned(report.archiveBytes), "validBytes": .unsigned(report.validBytes),
            "findings": .array(report.findings.map { .string($0) }),
            "tableDigest": .optional(report.tableDigest?.description), "seconds": .seconds(report.seconds),
        ]
    }
}
