internal import ArgumentParser

/// `holdfast mount`: the group of commands that say what mounts would do, before anything is mounted.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "What a container would mount, told beforehand.",
        discussion: helpText(
            "Nothing is mounted, made or changed. The flags are those of container create.",
            examples: [
                "holdfast mount plan -v pg:/data -v ./site:/srv/www:ro --tmpfs /run:size=16m --image postgres",
                "holdfast mount plan --container web",
            ]),
        subcommands: [MountCheckCommand.self, MountPlanCommand.self])
}
