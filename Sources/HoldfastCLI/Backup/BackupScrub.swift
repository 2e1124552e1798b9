internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup scrub`: verifies the archives of a destination in turn, so much at a time.
struct BackupScrub: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "scrub",
        abstract: "Check archives in turn, as far as a budget goes.",
        discussion: helpText(
            """
            Begins with those that never were checked, then takes those whose check is longest ago; what was found whole is \
            noted in DEST/.holdfast-scrub.json. At least one archive is checked. Damage has status 7; an archive that cannot be \
            checked, because no key opens it, status 3. Neither keeps others from being checked. With a budget in a nightly job, \
            rot is found before the last good archive is gone.
            """,
            examples: [
                "holdfast backup scrub /srv/backups --budget 50GiB",
                "holdfast backup scrub /srv/backups --max-time 30m --json",
            ]))

    @Argument(help: ArgumentHelp("A directory with archives.", valueName: "dest"), completion: .directory)
    var destination: String

    @Option(help: ArgumentHelp("Stop after so much was read: 50GiB.", valueName: "size"))
    var budget: String?

    @Option(help: ArgumentHelp("Stop after so long: 30m, 2h.", valueName: "span"))
    var maxTime: String?

    @OptionGroup var decryption: DecryptionOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    /// A destination may have very many that another key opens.
    private static let namedLimit = 10

    func execute(_ console: Console) throws {
        let keys = try decryption.read()
        var findings: [VerifyReport] = []
        let report = try ArchiveFiles.scrub(
            destination, try parsedBudget(), keys: keys, checkpoint: console.checkpoint
        ) { verified in
            guard verified.verdict != .intact else { return }
            findings.append(verified)
            console.note(Self.status(verified.verdict))
            let reason = verified.findings.first.map { ": \($0)" } ?? ""
            console.mention("\(verified.archive): \(verified.verdict.rawValue)\(reason)")
        }
        for archive in report.knownDamaged {
            console.note(Self.status(archive.verdict))
            console.mention("\(archive.archive): \(archive.sentence)")
        }
        if !report.unchecked.isEmpty { console.note(.warnings) }
        for archive in report.unchecked.prefix(Self.namedLimit) {
            console.mention("\(archive.archive): \(archive.sentence)")
        }
        if report.unchecked.count > Self.namedLimit {
            console.mention("\(report.unchecked.count - Self.namedLimit) more archives are not checked either")
        }
        if output.json { return try console.print(json(report, findings)) }
        try console.print(
            "\(report.verified.grouped) of \(report.archives.grouped) archives checked "
                + "(\(report.verifiedBytes.asBytes)), \(report.damaged.grouped) not whole, "
                + (report.knownDamaged.isEmpty
                    ? "" : "\(UInt64(report.knownDamaged.count).grouped) known not to be, ")
                + (report.unchecked.isEmpty ? "" : "\(UInt64(report.unchecked.count).grouped) not to be checked, ")
                + "\(report.neverVerified.grouped) never found whole\n")
    }

    private static func status(_ verdict: VerifyReport.Verdict) -> ExitStatus {
        verdict == .noTable ? .warnings : .damaged
    }

    private func parsedBudget() throws(StorageError) -> ScrubBudget {
        var result = ScrubBudget()
        if let budget {
            guard let size = ByteCount(parsing: budget) else { throw refused("--budget", budget, "50GiB") }
            result.bytes = size.bytes
        }
        if let maxTime {
            guard let span = TimeSpan(parsing: maxTime) else { throw refused("--max-time", maxTime, "30m or 2h") }
            result.seconds = Double(span.seconds)
        }
        return result
    }

    private func refused(_ option: String, _ value: String, _ example: String) -> StorageError {
        StorageError(
            .invalidInput, object: value, "\(option) '\(value.printable(limit: 40))' is not of the form",
            hint: "write it as in \(example)")
    }

    private func json(_ report: ScrubReport, _ findings: [VerifyReport]) -> JSONValue {
        [
            "archives": .unsigned(report.archives), "verified": .unsigned(report.verified),
            "verifiedBytes": .unsigned(report.verifiedBytes), "damaged": .unsigned(report.damaged),
            "neverVerified": .unsigned(report.neverVerified), "oldestVerifiedAt": .optional(report.oldest?.description),
            "findings": .array(
                findings.map { finding in
                    [
                        "archive": .string(finding.archive), "verdict": .string(finding.verdict.rawValue),
                        "validBytes": .unsigned(finding.validBytes),
                        "findings": .array(finding.findings.map { .string($0) }),
                    ]
                }),
            "knownDamaged": .array(
                report.knownDamaged.map { archive in
                    [
                        "archive": .string(archive.archive), "verdict": .string(archive.verdict.rawValue),
                        "foundAt": .string(archive.foundAt.description),
                    ]
                }),
            "unchecked": .array(
                report.unchecked.map { archive in
                    [
                        "archive": .string(archive.archive), "reason": .string(archive.reason),
                        "verifiedAt": .optional(archive.verifiedAt?.description),
                    ]
                }),
        ]
    }
}
