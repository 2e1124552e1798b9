internal import ArgumentParser

/// `holdfast usage`: the group of commands that say where the space went.
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Say where the space went.",
        discussion: helpText(
            "Counted as du counts: blocks on disk, every inode once, directories too.",
            examples: [
                "holdfast usage history pg",
                "holdfast usage diff pg --since 7d",
                "holdfast usage alert -w 80% -c 90% pg",
            ]),
        subcommands: [UsageHistory.self, UsageDiff.self, UsageAlert.self])
}
