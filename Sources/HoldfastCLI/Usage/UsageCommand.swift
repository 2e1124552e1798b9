internal import ArgumentParser

/// `holdfast usage`: the group of commands that say where the space went. `holdfast usage SOURCE` is short for `usage scan SOURCE`.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Say where the space went.",
        discussion: helpText(
            "Counted as du counts: blocks on disk, every inode once, directories too. 'scan' may be left out.",
            examples: [
                "holdfast usage pg www",
                "holdfast usage --all",
                "holdfast usage docker:pg --top 20",
                "holdfast usage dir:/srv --by age --json",
                "holdfast usage history pg",
                "holdfast usage diff pg --since 7d",
                "holdfast usage alert -w 80% -c 90% pg",
            ]),
        subcommands: [UsageScanCommand.self, UsageHistory.self, UsageDiff.self, UsageAlert.self],
        defaultSubcommand: UsageScanCommand.self)
}
