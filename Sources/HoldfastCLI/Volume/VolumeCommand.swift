internal import ArgumentParser

/// `holdfast volume`: the group of commands on volumes.
struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume",
        abstract: "Create, list, inspect and remove volumes.",
        discussion: helpText(examples: [
            "holdfast volume create pg --label app=shop",
            "holdfast volume ls --size",
            "holdfast volume rm pg",
        ]),
        subcommands: [
            VolumeCreate.self, VolumeList.self, VolumeInspect.self, VolumeRemove.self, VolumeProtect.self,
            VolumeUnprotect.self, VolumePrune.self, VolumeSeed.self, VolumeImport.self,
        ])
}
