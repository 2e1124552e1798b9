internal import ArgumentParser
internal import Holdfast
internal import StorageModel

/// `holdfast backup forget`: removes the archives that a retention policy does not keep.
struct BackupForget: HoldfastSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove the archives that a retention policy does not keep, and say why the others stay.",
        discussion: helpText(
            """
            The rules are restic's: each source by itself, from the newest archive to the oldest, and an archive stays if any \
            rule keeps it. Removed are only archives that lie and are named as 'backup create' does it, and never all of a \
            source. Asks on a terminal, never in a script. Encrypted archives go by the time in their name; they have no tags.
            """,
            examples: [
                "holdfast backup forget /srv/backups --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --dry-run",
                "holdfast backup forget /srv/backups pg docker:www --keep-within 30d --keep-yearly unlimited",
                "holdfast backup forget /srv/backups --keep-last 3 --keep-tag before-upgrade --tz Europe/Berlin --json",
            ]))

    @Argument(help: ArgumentHelp("A directory with archives.", valueName: "dest"), completion: .directory)
    var destination: String

    @Argument(help: ArgumentHelp("Only the archives of these sources.", valueName: "source"))
    var sources: [String] = []

    @OptionGroup var retention: RetentionOptions
    @OptionGroup var prune: PruneOptions
    @OptionGroup var output: OutputOptions

    var printsJSON: Bool { output.json }

    func execute(_ console: Console) throws {
        let request = ForgetRequest(
            destination: destination,
            sources: try sources.map { text throws(StorageError) in try SourceReference(text) },
            policy: try retention.policy(), zone: try retention.zone(), now: try retention.time(),
            isDryRun: prune.dryRun)
        try prune.confirm(
            "Remove the archives below '\(destination.printable(limit: 200))' that the policy does not keep?", console)
        let groups = try ArchiveFiles.forget(request, checkpoint: console.checkpoint)
        for group in groups { try tell(group, console) }
        if output.json { return try console.print(.array(groups.map(ForgetRow.json))) }
        if !groups.isEmpty { try console.print(ForgetRow.table(groups, isDryRun: prune.dryRun)) }
        let freedBytes = groups.reduce(0) { $0 + $1.freedBytes }
        console.remark("\(prune.dryRun ? "would free" : "freed") \(freedBytes.asBytes)")
    }

    private func tell(_ group: ForgetGroup, _ console: Console) throws(StorageError) {
        for notice in group.notices { console.mention("\(group.source): \(notice)") }
        if group.hasFailures { console.note(.warnings) }
        if let refusal = group.refusal { try console.report(refusal) }
    }
}
