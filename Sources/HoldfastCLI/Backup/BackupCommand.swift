internal import ArgumentParser

/// `holdfast backup`: the group of commands on archives.
struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up volumes and directories, verify archives, read and restore them.",
        discussion: helpText(
            "An archive is a plain .tar.zst that also has a table of contents: any machine with tar and zstd restores it.",
            examples: [
                "holdfast backup create pg --to /srv/backups",
                "holdfast backup verify /srv/backups/holdfast/pg/20260301T120000Z.tar.zst",
                "holdfast backup restore pg.tar.zst --to pg2",
                "zstd -dc 20260301T120000Z.tar.zst | tar -x",
            ]),
        subcommands: [
            BackupCreate.self, BackupList.self, BackupContents.self, BackupCat.self, BackupRestore.self,
            BackupVerify.self, BackupScrub.self, BackupDiff.self, BackupForget.self, BackupPolicy.self,
            BackupStatus.self,
        ])
}
