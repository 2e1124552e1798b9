internal import ArgumentParser

/// `holdfast`: the root of all commands.
struct HoldfastCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "Volumes for containers, and backups of them that any machine with tar and zstd can read.",
        discussion: helpText(
            """
            HOLDFAST_ROOT or --root selects the store. Data goes to standard output, everything else to standard error; \
            every command that reports figures takes --json.
            """,
            examples: [
                "holdfast volume create pg --label app=shop",
                "holdfast backup create pg --to /srv/backups",
                "holdfast backup restore pg.tar.zst --to pg2",
                "holdfast backup create pg --to - | ssh host holdfast backup restore - --to pg",
                "source <(holdfast --generate-completion-script bash)",
            ]),
        version: "holdfast \(version)",
        subcommands: [
            VolumeCommand.self, ImageCommand.self, ContainerCommand.self, MountCommand.self, ComposeCommand.self,
            BackupCommand.self, UsageCommand.self,
            CheckCommand.self, InternalThaw.self,
        ])
}
