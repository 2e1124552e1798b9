internal import ArgumentParser

/// `holdfast volume`: the group of commands on volumes.
struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume",
        abstract: "Create, list, change, copy and remove volumes.",
        discussion: helpText(examples: [
            "holdfast volume create pg --label app=shop",
            "holdfast volume ls --size",
            "holdfast volume rm pg",
        ]),
        subcommands: [
            VolumeCreate.self, VolumeList.self, VolumeInspect.self, VolumeRemove.self, VolumeProtect.self,
            VolumeUnprotect.self, VolumePrune.self, VolumeSeed.self, VolumeRename.self, VolumeClone.self,
            VolumeUpdate.self, VolumeCopyCommand.self, VolumeExport.self, VolumeImport.self,
        ])
}
